"""Reads from and writes to the API server, never in the request path."""
