"""Expressions of the Common Expression Language (CEL), built as typed values and printed once."""
