"""Generators: what is made from the code. `make generate` runs them all."""
