"""`podtailor mutate`."""
