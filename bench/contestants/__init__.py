"""Other webhooks in Python, to measure against. Those in Go are in `bench/programs`."""
