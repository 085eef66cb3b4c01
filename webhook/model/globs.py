"""Globs: `*` is any run of characters, nothing else is special. Linear time, whatever the pattern."""

from __future__ import annotations

from msgspec import Struct


class Glob(Struct, frozen=True):
    """A pattern split at its stars: `a*b` is `("a", "b")`, no star is one piece."""

    pieces: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        return len(self.pieces) == 1

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` fits, case counts."""
        first, *middle = self.pieces
        if not middle:
            return text == first
        last = middle.pop()
        if not (text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last)):
            return False
        at, end = len(first), len(text) - len(last)
        for piece in middle:  # the leftmost place is always as good as any other: no backtracking
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    def __str__(self) -> str:
        return "*".join(self.pieces)


def glob(pattern: str) -> Glob:
    return Glob(tuple(pattern.split("*")))
