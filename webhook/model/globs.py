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


class ImageGlob(Struct, frozen=True):
    """A glob on an image's repository; without `/` on its last path segment. Tag and digest never count."""

    glob: Glob
    whole: bool

    def matches(self, repository: str) -> bool:
        return self.glob.matches(repository if self.whole else repository.rpartition("/")[2])

    def __str__(self) -> str:
        return str(self.glob)


def glob(pattern: str) -> Glob:
    return Glob(tuple(pattern.split("*")))


def image_glob(pattern: str) -> ImageGlob:
    return ImageGlob(glob(pattern), whole="/" in pattern)


def repository(image: str) -> str:
    """`registry:5000/team/app:1.2@sha256:...` without its tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]
