"""Expressions by the type of their value, with the operators and functions of that type.

Python's operators stand for CEL's: `a & b` is `a && b`, `~a` is `!a`, `a == b` compares in CEL. A `Shape`
makes the value of an expression: `Text`, `Int`, `listed(Text)`, or a class of its own.

Source of the functions: k8s.io/apiserver `pkg/cel/library`, google/cel-go `ext/`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self, TypeVar

from webhook.export.cel.code import Binding, Code, is_field, joined, literal_text

V = TypeVar("V", bound="Value")
# Of `str.isspace`, for RE2.
_WHITESPACE = r"\t-\r\x1c-\x20\x{85}\pZ"
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

    def one_of(self, items: Value) -> Bool:
        """`items`: a list."""
        return operation(Bool, Binding.RELATION, "in", self, items)

    def field(self, name: str, shape: Shape[V]) -> V:
        """A field that is there, or a key of a map."""
        code = self.code
        text = f".{name}" if is_field(name) else f"[{literal_text(name)}]"
        return shape(joined([code], f"{code.within(Binding.MEMBER)}{text}"))

    def has(self, name: str) -> Bool:
        """Whether the field is there; a field, not a key that is no identifier."""
        code = self.code
        return Bool(joined([code], f"has({code.within(Binding.MEMBER)}.{name})"))

    def reaches(self, *keys: Text | str) -> Bool:
        """Whether something is at this path, through maps."""
        codes = [as_value(key).code for key in keys]
        path = "".join(f"[?{code.text}]" for code in codes)
        text = f"{self.code.within(Binding.MEMBER)}{path}.hasValue()"
        return Bool(joined([self.code, *codes], text, chained=True))

    def maybe(self, *names: str, default: V) -> V:
        """A field, or a field of a field, or `default` if any of them is missing."""
        code = self.code
        path = "".join(f".?{name}" if is_field(name) else f"[?{literal_text(name)}]" for name in names)
        text = f"{code.within(Binding.MEMBER)}{path}.orValue({default.code.text})"
        whole = joined([code, *([code] * len(names)), default.code], text, chained=True)
        return default.alike(whole)

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

    def strip(self) -> Text:
        """As Python's, which takes a few more characters for whitespace than `trim` of CEL."""
        return self.find(f"[^{_WHITESPACE}](?s:.*[^{_WHITESPACE}])?")

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


def text(value: str) -> Text:
    return Text(Code(literal_text(value)))


def integer(value: int) -> Int:
    return Int(Code(str(value), Binding.MEMBER if value >= 0 else Binding.NEGATION))


def boolean(value: bool) -> Bool:
    return Bool(Code("true" if value else "false"))


def quantity(value: str) -> Quantity:
    return text(value).as_quantity()


def all_of(*tests: Bool) -> Bool:
    """True without tests; `true` among them is left out."""
    return _logical("&&", Binding.AND, tests, neutral="true")


def any_of(*tests: Bool) -> Bool:
    """False without tests; `false` among them is left out."""
    return _logical("||", Binding.OR, tests, neutral="false")


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
