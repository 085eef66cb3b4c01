"""Globs: `*` matches any characters, nothing else is special. Linear time for every pattern."""

from __future__ import annotations

from msgspec import Struct


class Glob(Struct, frozen=True):
    """A pattern split at its stars: `a*b` is `("a", "b")`, without a star it is one piece."""

    pieces: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        return len(self.pieces) == 1

    def matches(self, text: str) -> bool:
        """Whether all of `text` matches; case-sensitive."""
        first, *middle = self.pieces
        if not middle:
            return text == first
        last = middle.pop()
        if not (text.startswith(first) and text.endswith(last) and len(text) >= len(first) + len(last)):
            return False
        at, end = len(first), len(text) - len(last)
        for piece in middle:  # the leftmost match always suffices: no backtracking
            at = text.find(piece, at, end)
            if at < 0:
                return False
            at += len(piece)
        return True

    def __str__(self) -> str:
        return "*".join(self.pieces)


def glob(pattern: str) -> Glob:
    return Glob(tuple(pattern.split("*")))
