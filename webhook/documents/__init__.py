"""YAML and JSON on disk: find it, read it with line and column, edit it without changing any other byte."""
