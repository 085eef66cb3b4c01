"""How many examples generated tests try: fewer where the same tests have just run on another Python."""

from __future__ import annotations

import os

from hypothesis import settings

_SHARE = float(os.environ.get("PODTAILOR_EXAMPLES", "1"))
FEWER = {"PODTAILOR_EXAMPLES": "0.1", "PYTEST_XDIST_AUTO_NUM_WORKERS": "2"}
"""For a run that asks something else than whether laws hold, as whether this Python can run podtailor.

Without workers, for it runs beside others, and each worker would have to import all tests.
"""


def at_most(count: int) -> int:
    """This many, or the share of them that is asked for."""
    return max(1, round(count * _SHARE))


def examples(count: int, parent: settings | None = None) -> settings:
    return settings(parent, max_examples=at_most(count))
