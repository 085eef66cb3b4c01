"""Requests and limits from measured usage, each with the reason that decided it, and a trial on the past."""
