"""Versions of Kubernetes."""

from __future__ import annotations

import re

# As `kubectl version` prints it; some distributions write `1.33+`, or more after the patch release.
_VERSION = re.compile(r"v?1\.([1-9]\d{1,2})([.+-].*)?", re.ASCII)
# The first with in-place resize by default.
_OLDEST = 33


def parse_minor_version(text: str) -> int:
    """The x of 1.x, from `1.34`, `v1.34.4` and the like. Raises ValueError."""
    match = _VERSION.fullmatch(text)
    if not match or int(match[1]) < _OLDEST:
        raise ValueError(f"{text}: write a version from 1.{_OLDEST} on, as in 1.37 or v1.37.2")
    return int(match[1])
