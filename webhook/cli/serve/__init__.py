"""`podtailor serve`."""
