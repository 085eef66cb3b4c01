"""Usage from real servers: `make e2e-usage`."""
