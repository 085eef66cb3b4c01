"""`podtailor audit`."""
