"""Where values stand in a JSON text, read as far as is asked: a whole tree of a large List takes seconds."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator

from webhook.documents.yaml_tree import Location

_SPACE = re.compile(r"[\ufeff\s]*")
_DECODER = json.JSONDecoder()
_Place = tuple[int, int]
"""The offsets of a key or item, and of its value."""


class JsonPositions:
    """Of a text with one valid JSON value, without duplicate keys."""

    def __init__(self, text: str) -> None:
        self._text = text
        start = len(text) - len(text.removeprefix("\ufeff"))  # a byte order mark is no column
        self._lines = [start, *(match.end() for match in re.finditer("\n", text))]
        self._read: dict[int, tuple[dict[str | int, _Place], Iterator[tuple[str | int, _Place]]]] = {}
        """Of a value: children that were asked for or passed on the way, and those that were not read yet."""

    def find(self, location: Location) -> tuple[int, int]:
        """Line and column, from 0, of a key or list item, or of its innermost parent that exists."""
        nearest = value = self._skip(0)
        for step in location:
            if not (place := self._child(value, step)):
                break
            nearest, value = place
        line = bisect_right(self._lines, nearest) - 1
        return line, nearest - self._lines[line]

    def _child(self, value: int, step: str | int) -> _Place | None:
        if value not in self._read:
            self._read[value] = {}, self._read_children(value)
        known, others = self._read[value]
        while step not in known:
            if not (child := next(others, None)):
                return None
            known[child[0]] = child[1]
        return known[step]

    def _read_children(self, at: int) -> Iterator[tuple[str | int, _Place]]:
        """Key or index of each, and its place. A value is read when the next one is asked for."""
        opening, at = self._text[at], self._skip(at + 1)
        index = 0
        while opening in "{[" and self._text[at] not in "}]":
            step: str | int = index
            start = value = at
            if opening == "{":
                step, colon = _DECODER.raw_decode(self._text, start)
                value = self._skip(self._skip(colon) + 1)
            yield step, (start, value)
            at = self._skip(_DECODER.raw_decode(self._text, value)[1])
            if self._text[at] == ",":
                at = self._skip(at + 1)
            index += 1

    def _skip(self, at: int) -> int:
        """Past white space."""
        match = _SPACE.match(self._text, at)
        return match.end() if match else at
