"""Other webhooks and controllers that people run beside podtailor, on one API server: `make neighbours`."""
