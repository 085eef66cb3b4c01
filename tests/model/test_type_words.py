"""Messages of msgspec in plain words, each made by msgspec itself."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from webhook.model.type_words import plain


class _Wanted(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    places: list[int] = []
    share: float | None = None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([], "must be a mapping, but is a list"),
        ({"name": 1}, "must be a string, but is a whole number: put it in quotes"),
        ({"name": True}, "must be a string, but is a boolean: put it in quotes"),
        ({"name": "a", "places": "b"}, "must be a list, but is a string"),
        ({"name": "a", "share": True}, "must be a number, but is a boolean"),
        ({"name": None}, "must be a string, but is null"),
        ({}, '"name" is required'),
        ({"name": "a", "size": 1}, 'unknown field "size"'),
    ],
)
def test_words(given: Any, words: str) -> None:
    with pytest.raises(msgspec.ValidationError) as raised:
        msgspec.convert(given, _Wanted)
    assert plain(str(raised.value).partition(" - at `$")[0]) == words


def test_other_messages_stay() -> None:
    assert plain("Expected `int` >= 0") == "Expected `int` >= 0"
