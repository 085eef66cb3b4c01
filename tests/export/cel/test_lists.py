"""Macros, whose variables must not be taken for those of another one around them."""

from __future__ import annotations

import pytest

from webhook.export.cel import values as cel
from webhook.export.cel.code import Code
from webhook.export.cel.values import Any_, Bool, Int, List, Map, Text, Value

NAMES: List[Text] = List(Code("names"), Text)
OTHERS: List[Text] = List(Code("others"), Text)
AMOUNTS: Map[Text] = Map(Code("amounts"), Text)


def _captured() -> Value:
    return NAMES.exists(lambda each: OTHERS.exists(lambda each_: each_ == each))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (NAMES.exists(lambda each: each == "a"), "names.exists(each, each == 'a')"),
        (NAMES.all(lambda each: each != "a"), "names.all(each, each != 'a')"),
        (NAMES.filter(lambda each: each.contains("a")), "names.filter(each, each.contains('a'))"),
        (NAMES.map(lambda each: each + "a"), "names.map(each, each + 'a')"),
        (NAMES.each(lambda at, each: each + at.as_text()), "names.transformList(at, each, each + string(at))"),
        (
            NAMES.choose(lambda at, each: at > 0, lambda at, each: each + "a"),  # noqa: ARG005
            "names.transformList(at, each, at > 0, each + 'a')",
        ),
        (_captured(), "names.exists(each, others.exists(each_, each_ == each))"),
        # one after the other, or of the list that another one goes through
        (
            NAMES.exists(lambda each: each == "a") & OTHERS.exists(lambda each: each == "b"),
            "names.exists(each, each == 'a') && others.exists(each, each == 'b')",
        ),
        (
            NAMES.filter(lambda each: each == "a").map(lambda each: each + "b"),
            "names.filter(each, each == 'a').map(each, each + 'b')",
        ),
        # within, but without need of the outer one
        (
            NAMES.map(lambda each: OTHERS.filter(lambda each: each == "a")),  # noqa: ARG005
            "names.map(each, others.filter(each, each == 'a'))",
        ),
        (
            cel.let(NAMES, lambda each: each.map(lambda each: each + "a")),
            "[names].map(each, each.map(each, each + 'a'))[0]",
        ),
        ((NAMES + OTHERS)[0], "(names + others)[0]"),
        (NAMES.is_empty(), "size(names) == 0"),
        (NAMES.map(lambda each: cel.texts(["a"]) + OTHERS).flatten(), "names.map(each, ['a'] + others).flatten()"),  # noqa: ARG005
        (cel.split(NAMES[0], ",").distinct().sort().join(";"), "names[0].split(',').distinct().sort().join(';')"),
        (NAMES.index_of("a"), "names.indexOf('a')"),
        (AMOUNTS.get("a/b", cel.text("0")), "amounts[?'a/b'].orValue('0')"),
        (AMOUNTS.has_key("cpu"), "'cpu' in amounts"),
        (AMOUNTS["cpu"].as_quantity(), "quantity(amounts['cpu'])"),
        (AMOUNTS.keys().size(), "size(amounts)"),
        (cel.first_true([NAMES.is_empty(), cel.boolean(True)]), "[size(names) == 0, true].indexOf(true)"),
        (cel.record({"a'b": cel.text("x"), "n": cel.integer(1)}), r"{'a\'b': dyn('x'), 'n': dyn(1)}"),
        (cel.constant({"a": [1, "x", True]}), "{'a': dyn([dyn(1), dyn('x'), dyn(true)])}"),
        (cel.concatenated([NAMES, OTHERS], Text), "[names, others].flatten()"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_printed(value: Value, expected: str) -> None:
    assert value.code.text == expected
    assert not value.code.free


def test_variable_of_another_macro_is_not_hidden() -> None:
    """Both are called `each`: the inner one would be compared with itself."""

    def inner(outer: Text) -> Bool:
        return OTHERS.exists(lambda each: each == outer)

    with pytest.raises(ValueError, match="each is the variable of two macros"):
        NAMES.exists(lambda each: inner(each))  # noqa: PLW0108 (its name counts)


def test_variable_of_another_macro_is_not_hidden_two_levels_below() -> None:
    def innermost(outer: Text) -> Bool:
        return OTHERS.exists(lambda other: NAMES.exists(lambda each: (each == other) & (each == outer)))

    with pytest.raises(ValueError, match="each is the variable of two macros"):
        NAMES.exists(lambda each: innermost(each))  # noqa: PLW0108 (its name counts)


def test_index_is_not_hidden() -> None:
    def inner(at: Int) -> List[Text]:
        return OTHERS.each(lambda index, other: other + at.as_text() + index.as_text())

    with pytest.raises(ValueError, match="index is the variable of two macros"):
        NAMES.each(lambda index, each: inner(index))  # noqa: ARG005


def test_reserved_names_are_no_variables() -> None:
    with pytest.raises(ValueError, match="object cannot be the variable"):
        NAMES.exists(lambda object: object == "a")  # noqa: A006


def test_items_keep_their_shape() -> None:
    records: List[Map[Any_]] = List(Code("records"), cel.mapped(Any_))
    assert isinstance(records.filter(lambda each: each.has_key("a"))[0], Map)
    assert isinstance(NAMES.map(lambda each: each.size())[0], Int)
    assert isinstance(NAMES.map(lambda each: cel.list_of([each], Text)).flatten()[0], Text)
