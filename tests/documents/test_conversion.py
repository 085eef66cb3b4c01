"""Data as typed values, or the place of what is of another type."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import Struct

from webhook.documents.conversion import ConversionError, convert


class _Part(Struct):
    size: int


class _Whole(Struct, forbid_unknown_fields=True):
    parts: list[_Part] = []
    by_name: dict[str, _Part] = {}


def test_what_is_of_the_type() -> None:
    assert convert({"parts": [{"size": 1}]}, _Whole) == _Whole([_Part(1)])


@pytest.mark.parametrize(
    ("data", "location", "message"),
    [
        pytest.param([], [], "must be a mapping, but is a list", id="the whole"),
        pytest.param({"part": 1}, [], 'unknown field "part"', id="misspelled"),
        pytest.param({"parts": [{"size": 1}, {"size": "1"}]}, ["parts", 1, "size"], "must be a whole number, but is a string", id="in a list"),
        pytest.param({"parts": [{}]}, ["parts", 0], '"size" is required', id="missing"),
        pytest.param({"by_name": {"a": {"size": "1"}}}, ["by_name"], "must be a whole number, but is a string", id="in a map, whose keys are not named"),
    ],
)  # fmt: skip
def test_what_is_not(data: Any, location: list[str | int], message: str) -> None:
    with pytest.raises(ConversionError) as raised:
        convert(data, _Whole)
    assert (raised.value.location, str(raised.value)) == (location, message)


def test_values_of_types_of_our_own() -> None:
    assert convert({"size": "0x10"}, _Hex, lambda _, text: _Number(int(text, 16))).size.value == 16


class _Number:
    def __init__(self, value: int) -> None:
        self.value = value


class _Hex(Struct):
    size: _Number
