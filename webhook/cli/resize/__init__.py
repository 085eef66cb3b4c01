"""`podtailor resize`."""
