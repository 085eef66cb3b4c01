"""How many examples generated tests try: fewer where the same tests have just run on another Python."""

from __future__ import annotations

import os

from hypothesis import settings

_SHARE = float(os.environ.get("PODTAILOR_EXAMPLES", "1"))


def at_most(count: int) -> int:
    """This many, or the share of them that is asked for."""
    return max(1, round(count * _SHARE))


def examples(count: int, parent: settings | None = None) -> settings:
    return settings(parent, max_examples=at_most(count))
