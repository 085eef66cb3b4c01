"""Objects that make Pods: where their templates stand, who owns whom, what built-in admission plugins add."""
