"""A client of registries that reads platforms and nothing else: no layer is ever asked for."""
