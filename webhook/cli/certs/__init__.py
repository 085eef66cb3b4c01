"""`podtailor certs`."""
