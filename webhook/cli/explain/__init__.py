"""`podtailor explain`."""
