"""Generators of files that are derived from the code. `make generate` runs them."""
