"""`podtailor export`."""
