"""Globs as regular expressions of RE2, which CEL matches in linear time."""

from __future__ import annotations

import re
from collections.abc import Iterable

from webhook.model.globs import Glob


def of_globs(globs: Iterable[Glob], star: str = ".*") -> str:
    """Matches all of a text that one of the globs matches; `star` is what `*` stands for."""
    return f"^(?s:{'|'.join(of_glob(each, star) for each in globs)})$"


def of_glob(pattern: Glob, star: str = ".*") -> str:
    return star.join(map(_literal, pattern.pieces))


def _literal(piece: str) -> str:
    # Python escapes more than RE2 knows: an escaped space or letter is an error there.
    return re.sub(r"[\\.+*?()|\[\]{}^$]", r"\\\g<0>", piece)
