"""The audit as others read it: a page, Reports of openreports.io, JSON; one file a format."""
