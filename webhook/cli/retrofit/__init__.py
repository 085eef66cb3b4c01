"""`podtailor retrofit`."""
