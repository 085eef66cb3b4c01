"""All that rules write: literals, lists, maps, choices; and the types of `base` and `lists`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from webhook.export.cel.base import (
    Any_,
    Bool,
    Int,
    Quantity,
    Shape,
    Text,
    Value,
    all_of,
    any_of,
    as_value,
    boolean,
    integer,
    quantity,
    text,
)
from webhook.export.cel.code import Binding, joined, literal_text
from webhook.export.cel.lists import List, Map, listed, mapped, split

__all__ = [
    "NONE_HOLDS",
    "ZERO",
    "Any_",
    "Bool",
    "Int",
    "List",
    "Map",
    "Quantity",
    "Shape",
    "Text",
    "Value",
    "all_of",
    "any_of",
    "as_value",
    "boolean",
    "concatenated",
    "constant",
    "first_true",
    "integer",
    "integers",
    "let",
    "list_of",
    "listed",
    "map_of",
    "mapped",
    "quantity",
    "record",
    "split",
    "text",
    "texts",
    "when",
]

V = TypeVar("V", bound=Value)
W = TypeVar("W", bound=Value)


def list_of(items: Iterable[V], shape: Shape[V]) -> List[V]:
    codes = [each.code for each in items]
    return List(joined(codes, f"[{', '.join(code.text for code in codes)}]"), shape)


def texts(items: Iterable[str]) -> List[Text]:
    return list_of(map(text, items), Text)


def integers(items: Iterable[int]) -> List[Int]:
    return list_of(map(integer, items), Int)


def concatenated(lists: Iterable[List[V]], shape: Shape[V]) -> List[V]:
    """One list of all; as a sum they would be nested as deeply as there are lists."""
    all_lists = list_of(lists, listed(shape))
    return all_lists.flatten()


def map_of(items: Mapping[str, V], shape: Shape[V]) -> Map[V]:
    codes = [each.code for each in items.values()]
    entries = ", ".join(f"{literal_text(key)}: {each.code.text}" for key, each in items.items())
    return Map(joined(codes, f"{{{entries}}}"), shape)


def record(items: Mapping[str, Value]) -> Map[Any_]:
    """A map of values of several types."""
    return map_of({key: each.of_any_type() for key, each in items.items()}, Any_)


def constant(value: object) -> Value:
    """A value in the shape of the API: texts, integers, booleans, lists and maps of them."""
    match value:
        case Mapping():
            return map_of({key: constant(each).of_any_type() for key, each in value.items()}, Any_)
        case list() | tuple():
            return list_of([constant(each).of_any_type() for each in value], Any_)
        case _:
            return as_value(value)


def when(test: Bool, then: V, otherwise: V) -> V:
    codes = [test.code, then.code, otherwise.code]
    first, second = (code.within(Binding.OR) for code in codes[:2])
    whole = f"{first} ? {second} : {codes[2].within(Binding.CHOICE)}"
    return then.alike(joined(codes, whole, Binding.CHOICE))


def first_true(tests: Sequence[Bool]) -> Int:
    """The index of the first that holds, -1 if none does. All are evaluated."""
    return list_of(tests, Bool).index_of(boolean(True))


def let(value: V, use: Callable[[V], W]) -> W:
    """`use(value)` where the value is evaluated once: CEL has no other way within an expression."""
    return list_of([value], value.alike).map(use)[0]


ZERO = quantity("0")
NONE_HOLDS = integer(-1)
"""What `first_true` finds then."""
