"""Objects that make Pods: their templates and owners, and what built-in admission plugins add."""
