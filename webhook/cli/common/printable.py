"""Text without what a terminal would execute."""

from __future__ import annotations

# Anybody can write names and annotations, and terminals execute control characters.
_CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], "\ufffd")
del _CONTROLS[ord("\n")], _CONTROLS[ord("\t")]


def printable(text: str) -> str:
    return text.translate(_CONTROLS)
