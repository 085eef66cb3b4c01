"""The audit's output formats, one file each: an HTML page, Reports of openreports.io, Prometheus, JSON."""
