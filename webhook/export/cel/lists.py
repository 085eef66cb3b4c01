"""Lists and maps, and the macros that go through them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Self, TypeVar

from webhook.export.cel.base import Bool, Int, Shape, Text, Value, as_value, function, method, operation, text
from webhook.export.cel.code import Binding, Bound, Code, bound, joined

V = TypeVar("V", bound=Value)
W = TypeVar("W", bound=Value)


class List(Value, Generic[V]):
    """A list whose items all have one shape."""

    __slots__ = ("shape",)

    def __init__(self, code: Code, shape: Shape[V]) -> None:
        super().__init__(code)
        self.shape = shape

    def alike(self, code: Code) -> Self:
        return type(self)(code, self.shape)

    def __add__(self, other: List[V]) -> List[V]:
        return operation(listed(self.shape), Binding.SUM, "+", self, other)

    def __getitem__(self, index: Int | int) -> V:
        """An error if it is too short."""
        at = as_value(index).code
        return self.shape(joined([self.code, at], f"{self.code.within(Binding.MEMBER)}[{at.text}]"))

    def size(self) -> Int:
        return function(Int, "size", self)

    def is_empty(self) -> Bool:
        return self.size() == 0

    def exists(self, test: Callable[[V], Bool]) -> Bool:
        return _macro(Bool, self, "exists", test, self.shape)

    def all(self, test: Callable[[V], Bool]) -> Bool:
        return _macro(Bool, self, "all", test, self.shape)

    def filter(self, test: Callable[[V], Bool]) -> List[V]:
        return _macro(listed(self.shape), self, "filter", test, self.shape)

    def map(self, change: Callable[[V], W]) -> List[W]:
        return self._changed("map", change, self.shape)

    def each(self, change: Callable[[Int, V], W]) -> List[W]:
        """As `map`, with the index of each item."""
        return self._changed("transformList", change, Int, self.shape)

    def choose(self, test: Callable[[Int, V], Bool], change: Callable[[Int, V], W]) -> List[W]:
        """As `each`, of the items that pass the test. Both functions name their variables alike."""
        variables = [bound(name) for name in _names(change)]
        given = _given(variables, (Int, self.shape))
        wanted, made = test(*given), change(*given)
        names = ", ".join(each.name for each in variables)
        target = self.code.within(Binding.MEMBER)
        whole = f"{target}.transformList({names}, {wanted.code.text}, {made.code.text})"
        return List(_closed(self.code, [wanted.code, made.code], whole, variables), made.alike)

    def _changed(self, macro: str, change: Callable[..., W], *shapes: Shape[Any]) -> List[W]:
        made: list[W] = []

        def remember(*given: Any) -> W:
            made.append(change(*given))
            return made[0]

        remember_as: Shape[List[W]] = lambda code: List(code, made[0].alike)  # noqa: E731
        return _macro(remember_as, self, macro, remember, *shapes, names=_names(change))

    def index_of(self, item: object) -> Int:
        """-1 if it is not there."""
        return method(Int, self, "indexOf", as_value(item))

    def flatten(self: List[List[W]]) -> List[W]:
        inner = self.shape(self.code).shape
        return method(listed(inner), self, "flatten")

    def distinct(self) -> List[V]:
        return method(listed(self.shape), self, "distinct")

    def sort(self) -> List[V]:
        return method(listed(self.shape), self, "sort")

    def slice(self, start: Int | int, end: Int | int) -> List[V]:
        return method(listed(self.shape), self, "slice", as_value(start), as_value(end))

    def max(self) -> V:
        return method(self.shape, self, "max")

    def sum(self: List[Int]) -> Int:
        return method(Int, self, "sum")

    def join(self: List[Text], separator: str) -> Text:
        return method(Text, self, "join", text(separator))


class Map(Value, Generic[V]):
    """From texts to values that all have one shape."""

    __slots__ = ("shape",)

    def __init__(self, code: Code, shape: Shape[V]) -> None:
        super().__init__(code)
        self.shape = shape

    def alike(self, code: Code) -> Self:
        return type(self)(code, self.shape)

    def __getitem__(self, key: Text | str) -> V:
        """An error if it is missing."""
        at = as_value(key).code
        return self.shape(joined([self.code, at], f"{self.code.within(Binding.MEMBER)}[{at.text}]"))

    def get(self, key: Text | str, default: V) -> V:
        at = as_value(key).code
        whole = f"{self.code.within(Binding.MEMBER)}[?{at.text}].orValue({default.code.text})"
        return self.shape(joined([self.code, at, default.code], whole))

    def has_key(self, key: Text | str) -> Bool:
        return operation(Bool, Binding.RELATION, "in", as_value(key), self)

    def keys(self) -> List[Text]:
        """In no order that can be relied on."""
        return List(self.code, Text)

    def size(self) -> Int:
        return function(Int, "size", self)


def listed(shape: Shape[V]) -> Shape[List[V]]:
    return lambda code: List(code, shape)


def mapped(shape: Shape[V]) -> Shape[Map[V]]:
    return lambda code: Map(code, shape)


def split(whole: Text, separator: str) -> List[Text]:
    return method(listed(Text), whole, "split", text(separator))


def _names(use: Callable[..., object]) -> tuple[str, ...]:
    """Parameters of a function: the variables have the same names in CEL."""
    code = use.__code__
    return code.co_varnames[: code.co_argcount]


def _given(variables: Sequence[Bound], shapes: Sequence[Shape[Any]]) -> list[Any]:
    return [
        shape(Code(each.name, free=frozenset({each}))) for each, shape in zip(variables, shapes, strict=True)
    ]


def _macro(
    shape: Shape[V],
    target: Value,
    name: str,
    body: Callable[..., Value],
    *shapes: Shape[Any],
    names: Sequence[str] = (),
) -> V:
    variables = [bound(each) for each in names or _names(body)]
    made = body(*_given(variables, shapes)).code
    parameters = ", ".join(each.name for each in variables)
    whole = f"{target.code.within(Binding.MEMBER)}.{name}({parameters}, {made.text})"
    return shape(_closed(target.code, [made], whole, variables))


def _closed(target: Code, bodies: Sequence[Code], whole: str, variables: Sequence[Bound]) -> Code:
    """A macro binds its variables in its bodies, not in the list that it goes through."""
    inner = joined(bodies, "", binds=variables)
    return joined([target, inner], whole)
