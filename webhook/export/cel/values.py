"""Expressions by the type of their value, with the operators and functions of that type.

Python's operators stand for CEL's: `a & b` is `a && b`, `~a` is `!a`, `a == b` compares in CEL. A `Shape`
makes the value of an expression: `Text`, `Int`, `listed(Text)`, `mapped(Text)`, or a class of its own.

Source of the functions: k8s.io/apiserver `pkg/cel/library`, google/cel-go `ext/`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Generic, Self, TypeVar

from webhook.export.cel.code import Binding, Bound, Code, bound, is_identifier, joined, literal_text

V = TypeVar("V", bound="Value")
W = TypeVar("W", bound="Value")
Shape = Callable[[Code], V]


class Value:
    """An expression of any type."""

    __slots__ = ("code",)
    __hash__ = None  # type: ignore[assignment]  # `==` makes an expression

    def __init__(self, code: Code) -> None:
        self.code = code

    def __eq__(self, other: object) -> Bool:  # type: ignore[override]
        return self._compared("==", other)

    def __ne__(self, other: object) -> Bool:  # type: ignore[override]
        return self._compared("!=", other)

    def __bool__(self) -> bool:
        raise TypeError("an expression has no value before the API server evaluates it")

    def _compared(self, operator: str, other: object) -> Bool:
        return operation(Bool, Binding.RELATION, operator, self, as_value(other))

    def one_of(self, items: List[Any]) -> Bool:
        return operation(Bool, Binding.RELATION, "in", self, items)

    def field(self, name: str, shape: Shape[V]) -> V:
        """A field that is there, or a key of a map."""
        code = self.code
        text = f".{name}" if is_identifier(name) else f"[{literal_text(name)}]"
        return shape(joined([code], f"{code.within(Binding.MEMBER)}{text}"))

    def has(self, name: str) -> Bool:
        """Whether the field is there; a field, not a key that is no identifier."""
        code = self.code
        return Bool(joined([code], f"has({code.within(Binding.MEMBER)}.{name})"))

    def maybe(self, *names: str, default: V, shape: Shape[V] | None = None) -> V:
        """A field, or a field of a field, or `default` if any of them is missing."""
        code = self.code
        path = "".join(f".?{name}" if is_identifier(name) else f"[?{literal_text(name)}]" for name in names)
        text = f"{code.within(Binding.MEMBER)}{path}.orValue({default.code.text})"
        whole = joined([code, *([code] * len(names)), default.code], text, chained=True)
        return (shape or default.alike)(whole)

    def alike(self, code: Code) -> Self:
        """Another expression of this type."""
        return type(self)(code)

    def of_any_type(self) -> Any_:
        """So that a list or map may hold values of several types."""
        return Any_(joined([self.code], f"dyn({self.code.text})"))


class Any_(Value):  # noqa: N801 (`Any` is Python's)
    """An expression whose type CEL does not check."""


class Bool(Value):
    def __and__(self, other: Bool) -> Bool:
        return all_of(self, other)

    def __or__(self, other: Bool) -> Bool:
        return any_of(self, other)

    def __invert__(self) -> Bool:
        return Bool(joined([self.code], f"!{self.code.within(Binding.NEGATION)}", Binding.NEGATION))


class Int(Value):
    def __add__(self, other: Int | int) -> Int:
        return operation(Int, Binding.SUM, "+", self, as_value(other))

    def __sub__(self, other: Int | int) -> Int:
        return operation(Int, Binding.SUM, "-", self, as_value(other))

    def __mul__(self, other: Int | int) -> Int:
        return operation(Int, Binding.PRODUCT, "*", self, as_value(other))

    def __floordiv__(self, other: Int | int) -> Int:
        """Rounded towards zero."""
        return operation(Int, Binding.PRODUCT, "/", self, as_value(other))

    def __mod__(self, other: Int | int) -> Int:
        return operation(Int, Binding.PRODUCT, "%", self, as_value(other))

    def __lt__(self, other: Int | int) -> Bool:
        return self._compared("<", other)

    def __le__(self, other: Int | int) -> Bool:
        return self._compared("<=", other)

    def __gt__(self, other: Int | int) -> Bool:
        return self._compared(">", other)

    def __ge__(self, other: Int | int) -> Bool:
        return self._compared(">=", other)

    def as_text(self) -> Text:
        return function(Text, "string", self)


class Text(Value):
    def __add__(self, other: Text | str) -> Text:
        return operation(Text, Binding.SUM, "+", self, as_value(other))

    def matches(self, regular_expression: str) -> Bool:
        """RE2, anywhere in the text."""
        return method(Bool, self, "matches", text(regular_expression))

    def contains(self, part: str) -> Bool:
        return method(Bool, self, "contains", text(part))

    def starts_with(self, prefix: str) -> Bool:
        return method(Bool, self, "startsWith", text(prefix))

    def ends_with(self, suffix: str) -> Bool:
        return method(Bool, self, "endsWith", text(suffix))

    def lower(self) -> Text:
        """ASCII letters only."""
        return method(Text, self, "lowerAscii")

    def trim(self) -> Text:
        return method(Text, self, "trim")

    def split(self, separator: str) -> List[Text]:
        return method(listed(Text), self, "split", text(separator))

    def find(self, regular_expression: str) -> Text:
        """The first match, or an empty text."""
        return method(Text, self, "find", text(regular_expression))

    def replace(self, old: str, new: str) -> Text:
        return method(Text, self, "replace", text(old), text(new))

    def index_of(self, part: str) -> Int:
        """-1 if it is not there."""
        return method(Int, self, "indexOf", text(part))

    def last_index_of(self, part: str) -> Int:
        return method(Int, self, "lastIndexOf", text(part))

    def substring(self, start: Int | int, end: Int | int | None = None) -> Text:
        given = [as_value(start), *([] if end is None else [as_value(end)])]
        return method(Text, self, "substring", *given)

    def size(self) -> Int:
        """In characters, not bytes."""
        return function(Int, "size", self)

    def as_int(self) -> Int:
        return function(Int, "int", self)

    def as_quantity(self) -> Quantity:
        return function(Quantity, "quantity", self)


class Quantity(Value):
    """An amount: it can be compared, but neither multiplied nor printed."""

    def compare(self, other: Quantity) -> Int:
        """-1, 0 or 1."""
        return method(Int, self, "compareTo", other)

    def is_less(self, other: Quantity) -> Bool:
        return method(Bool, self, "isLessThan", other)

    def is_greater(self, other: Quantity) -> Bool:
        return method(Bool, self, "isGreaterThan", other)

    def is_integer(self) -> Bool:
        """False also for integers that it holds as a decimal fraction, such as `100Ti`."""
        return method(Bool, self, "isInteger")

    def as_integer(self) -> Int:
        """An error if it is not one."""
        return method(Int, self, "asInteger")


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

    def without(self, key: str) -> Map[V]:
        """A copy without this key."""
        name, value = bound("name"), bound("value")
        target = self.code.within(Binding.MEMBER)
        whole = f"{target}.transformMap(name, value, name != {literal_text(key)}, value)"
        return self.alike(joined([self.code], whole, binds=(name, value)))


def listed(shape: Shape[V]) -> Shape[List[V]]:
    return lambda code: List(code, shape)


def mapped(shape: Shape[V]) -> Shape[Map[V]]:
    return lambda code: Map(code, shape)


def text(value: str) -> Text:
    return Text(Code(literal_text(value)))


def integer(value: int) -> Int:
    return Int(Code(str(value), Binding.MEMBER if value >= 0 else Binding.NEGATION))


def boolean(value: bool) -> Bool:
    return Bool(Code("true" if value else "false"))


def quantity(value: str) -> Quantity:
    return text(value).as_quantity()


def list_of(items: Iterable[V], shape: Shape[V]) -> List[V]:
    codes = [each.code for each in items]
    return List(joined(codes, f"[{', '.join(code.text for code in codes)}]"), shape)


def texts(items: Iterable[str]) -> List[Text]:
    return list_of(map(text, items), Text)


def integers(items: Iterable[int]) -> List[Int]:
    return list_of(map(integer, items), Int)


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


def all_of(*tests: Bool) -> Bool:
    """True without tests; `true` among them is left out."""
    return _logical("&&", Binding.AND, tests, neutral="true")


def any_of(*tests: Bool) -> Bool:
    """False without tests; `false` among them is left out."""
    return _logical("||", Binding.OR, tests, neutral="false")


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


def operation(shape: Shape[V], binding: Binding, operator: str, left: Value, right: Value) -> V:
    # Operators of one binding group from the left.
    tighter = Binding(binding + 1)
    whole = f"{left.code.within(binding)} {operator} {right.code.within(tighter)}"
    return shape(joined([left.code, right.code], whole, binding))


def method(shape: Shape[V], target: Value, name: str, *given: Value) -> V:
    codes = [target.code, *(each.code for each in given)]
    arguments = ", ".join(code.text for code in codes[1:])
    return shape(joined(codes, f"{target.code.within(Binding.MEMBER)}.{name}({arguments})"))


def function(shape: Shape[V], name: str, *given: Value) -> V:
    codes = [each.code for each in given]
    return shape(joined(codes, f"{name}({', '.join(code.text for code in codes)})"))


def as_value(value: object) -> Value:
    match value:
        case Value():
            return value
        case str():
            return text(value)
        case bool():
            return boolean(value)
        case int():
            return integer(value)
        case _:
            raise TypeError(f"CEL has no literal for {value!r}")


def _logical(operator: str, binding: Binding, tests: Sequence[Bool], *, neutral: str) -> Bool:
    codes = [each.code for each in tests if each.code.text != neutral]
    if not codes:
        return Bool(Code(neutral))
    if len(codes) == 1:
        return Bool(codes[0])
    # The parser balances these: they nest by the logarithm of their number.
    whole = f" {operator} ".join(code.within(Binding(binding + 1)) for code in codes)
    inner = joined(codes, whole, binding)
    return Bool(inner)


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
