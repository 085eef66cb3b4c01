"""Texts of literals and names, and what is known of an expression before it is printed."""

from __future__ import annotations

import pytest

from webhook.export.cel import values as cel
from webhook.export.cel.code import Code, bound, is_identifier, joined, literal_text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "''"),
        ("plain text", "'plain text'"),
        ("it's", r"'it\'s'"),
        ('say "yes"', "'say \"yes\"'"),
        (r"C:\new", r"'C:\\new'"),
        ("a\nb\tc", r"'a\u000ab\u0009c'"),
        ("\x00\x7f", r"'\u0000\u007f'"),
        ("é€", r"'\u00e9\u20ac'"),
        ("\uffff", r"'\uffff'"),
        ("\U0001f600", r"'\U0001f600'"),
    ],
)
def test_literal(text: str, expected: str) -> None:
    assert literal_text(text) == expected


@pytest.mark.parametrize("name", ["each", "_x", "resizePolicy", "cpuClaims0"])
def test_identifier(name: str) -> None:
    assert is_identifier(name)
    assert bound(name).name == name


@pytest.mark.parametrize(
    "name",
    [
        *("in", "true", "null", "for", "namespace", "package"),
        *("object", "oldObject", "request", "variables", "namespaceObject", "params", "JSONPatch", "Object"),
        *("", "0", "a-b", "a.b", "a b", "é", "a\n"),
    ],
)
def test_no_identifier(name: str) -> None:
    """Reserved, known to the API server as something else, or not of the grammar."""
    assert not is_identifier(name)
    with pytest.raises(ValueError, match="cannot be the variable of a macro"):
        bound(name)


def test_two_variables_of_one_name_are_two() -> None:
    assert bound("each") != bound("each")


def test_depth_is_one_more_than_that_of_the_deepest_part() -> None:
    flat, deep = cel.text("a"), cel.list_of([cel.list_of([cel.text("b")], cel.Text)], cel.listed(cel.Text))
    assert flat.code.depth == 1
    assert deep.code.depth == 3
    assert joined([flat.code, deep.code], "").depth == 4


def test_depth_grows_with_each_operand_of_a_sum() -> None:
    """The parser nests them from the left."""
    whole = cel.text("a")
    for _ in range(20):
        whole = whole + "a"
    assert whole.code.depth == 21


def test_depth_grows_with_each_optional_field() -> None:
    spec = cel.Any_(Code("spec"))
    found = spec.maybe("affinity", "nodeAffinity", default=cel.text(""))
    assert found.code.depth >= 4


def test_depth_of_a_conjunction_does_not_grow_with_its_size() -> None:
    """The parser balances it."""
    one = cel.text("a") == "b"
    assert cel.all_of(*([one] * 100)).code.depth == one.code.depth + 1


def test_depth_of_lists_that_are_concatenated_does_not_grow_with_their_number() -> None:
    few, many = (cel.concatenated([cel.texts(["a"])] * count, cel.Text).code.depth for count in (1, 300))
    assert few == many


def test_uses_and_free_variables_are_those_of_all_parts() -> None:
    each = bound("each")
    parts = [Code("variables.a", uses=frozenset({"a"})), Code("each", free=frozenset({each}))]
    whole = joined(parts, "variables.a == each")
    assert whole.uses == {"a"}
    assert whole.free == {each}
    assert not joined([whole], "list.exists(each, variables.a == each)", binds=[each]).free
