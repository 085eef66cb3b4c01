"""`podtailor recommend`."""
