"""What podtailor costs, measured beside the alternatives in one run: `make bench`, `make bench-check`."""
