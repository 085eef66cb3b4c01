"""Operators and functions, as they are printed: parentheses where the grammar needs them, and only there."""

from __future__ import annotations

import pytest

from webhook.export.cel import values as cel
from webhook.export.cel.code import Code
from webhook.export.cel.values import Any_, Bool, Int, Text, Value

A, B, C = (Bool(Code(name)) for name in "abc")
H, J, K = (Int(Code(name)) for name in "hjk")
S, T = (Text(Code(name)) for name in "st")
POD = Any_(Code("pod"))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (A & B | C, "a && b || c"),
        (A & (B | C), "a && (b || c)"),
        (~A & B, "!a && b"),
        (~(A & B), "!(a && b)"),
        (~(S == "x"), "!(s == 'x')"),
        (~~A, "!!a"),
        ((S == "x") & (T != S), "s == 'x' && t != s"),
        ((S == "x") == A, "s == 'x' == a"),
        (H + J * K, "h + j * k"),
        ((H + J) * K, "(h + j) * k"),
        (H - J - K, "h - j - k"),
        (H - (J - K), "h - (j - k)"),
        (H // J % 3, "h / j % 3"),
        (H // (J % 3), "h / (j % 3)"),
        (H + -1 < J, "h + -1 < j"),
        (cel.integer(-1).as_text(), "string(-1)"),
        (H + J <= 2, "h + j <= 2"),
        ((H >= 1) & (H > 0), "h >= 1 && h > 0"),
        ((S + "x").size(), "size(s + 'x')"),
        ((S + "x").lower(), "(s + 'x').lowerAscii()"),
        (S.substring(H + 1), "s.substring(h + 1)"),
        (S.substring(0, 5).as_int(), "int(s.substring(0, 5))"),
        (S.as_quantity().is_less(T.as_quantity()), "quantity(s).isLessThan(quantity(t))"),
        (S.one_of(cel.texts(["a", "b"])), "s in ['a', 'b']"),
        (~S.one_of(cel.texts([])), "!(s in [])"),
        (S.matches(r"^\d'$"), r"s.matches('^\\d\'$')"),
        (cel.when(A | B, S, T), "a || b ? s : t"),
        (cel.when(A, cel.when(B, S, T), S), "a ? (b ? s : t) : s"),
        (cel.when(A, S, cel.when(B, S, T)), "a ? s : b ? s : t"),
        (cel.when(cel.when(A, B, C), S, T), "(a ? b : c) ? s : t"),
        (cel.when(A, S, T) + "x", "(a ? s : t) + 'x'"),
        (cel.when(A, B, C) & B, "(a ? b : c) && b"),
        (cel.when(A, S, T).of_any_type(), "dyn(a ? s : t)"),
        (POD.field("spec", Any_).has("nodeName"), "has(pod.spec.nodeName)"),
        (POD.field("a/b", Text), "pod['a/b']"),
        (POD.field("namespace", Text), "pod.namespace"),
        (POD.field("in", Text), "pod['in']"),
        (POD.maybe("a", "b-c", default=S), "pod.?a[?'b-c'].orValue(s)"),
        (POD.reaches("f:spec", S), "pod[?'f:spec'][?s].hasValue()"),
        (cel.all_of(), "true"),
        (cel.any_of(), "false"),
        (cel.all_of(A, cel.boolean(True)), "a"),
        (cel.any_of(cel.boolean(False), B, A), "b || a"),
        (cel.all_of(A & B, C), "(a && b) && c"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_printed(value: Value, expected: str) -> None:
    assert value.code.text == expected


def test_no_expression_has_a_value_in_python() -> None:
    """`a and b`, `not a` and `if a` would compile to something else than what they say."""
    for wrong in (lambda: A and B, lambda: not A, lambda: S in ("x", "y")):
        with pytest.raises(TypeError, match="no value before the API server"):
            wrong()


def test_no_expression_is_a_key() -> None:
    with pytest.raises(TypeError):
        hash(A)


@pytest.mark.parametrize("value", [1.5, None, b"x", object()])
def test_what_has_no_literal(value: object) -> None:
    with pytest.raises(TypeError, match="no literal"):
        cel.as_value(value)


def test_whitespace_is_that_of_python() -> None:
    assert S.strip().code.text.startswith("s.find('[^")
