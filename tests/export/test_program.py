"""Variables: names of their own, made before they are used, and only those that are needed."""

from __future__ import annotations

import pytest

from webhook.export.cel import values as cel
from webhook.export.cel.code import Code
from webhook.export.cel.values import List, Text
from webhook.export.program import MAX_CHARACTERS, MAX_DEPTH, Program, TooLarge, Variable


def test_variables_are_printed_in_their_order() -> None:
    program = Program()
    first = program.let("zone", cel.text("a"))
    second = program.let("area", first + "b")
    assert second.code.text == "variables.area"
    assert program.used_by(second) == [Variable("zone", "'a'"), Variable("area", "variables.zone + 'b'")]


def test_only_variables_that_are_needed_are_printed() -> None:
    program = Program()
    program.let("unused", cel.text("a"))
    needed = program.let("needed", cel.text("b"))
    assert [each.name for each in program.used_by(needed == "x")] == ["needed"]
    assert program.used_by(cel.text("x")) == []


def test_no_two_variables_have_one_name() -> None:
    """The API server would take them, and end at the first Pod."""
    program = Program()
    program.let("one", cel.text("a"))
    with pytest.raises(ValueError, match="there is a variable one already"):
        program.let("one", cel.text("b"))


@pytest.mark.parametrize("name", ["object", "in", "a-b", "", "0"])
def test_names_that_cel_does_not_allow(name: str) -> None:
    with pytest.raises(ValueError, match="or there can be none"):
        Program().let(name, cel.text("a"))


def test_variables_of_another_program_are_not_defined() -> None:
    other = Program().let("other", cel.text("a"))
    with pytest.raises(ValueError, match="other is not defined here"):
        Program().let("one", other + "b")
    with pytest.raises(ValueError, match="other is not defined here"):
        Program().used_by(other)


def test_no_variable_of_a_macro_leaves_it() -> None:
    program = Program()
    names: List[Text] = List(Code("names"), Text)

    def leave(each: Text) -> Text:
        return program.let("left", each)

    with pytest.raises(ValueError, match="each is not defined here"):
        names.map(leave)


def test_shape_is_kept() -> None:
    made = Program().let("names", cel.texts(["a"]))
    assert made[0].lower().code.text == "variables.names[0].lowerAscii()"


def test_an_expression_that_is_too_long() -> None:
    program = Program()
    long = program.let("long", cel.text("x" * MAX_CHARACTERS))
    with pytest.raises(TooLarge, match="long"):
        program.used_by(long)
    assert program.used_by(cel.text("x")) == []
    with pytest.raises(TooLarge, match="patch"):
        program.used_by(cel.text("x" * MAX_CHARACTERS))


def test_an_expression_that_is_too_deep() -> None:
    deep = cel.text("a")
    for _ in range(MAX_DEPTH - 1):
        deep = deep + "a"
    assert Program().used_by(deep) == []
    with pytest.raises(TooLarge, match="patch"):
        Program().used_by(deep + "a")


def test_a_variable_cuts_the_depth() -> None:
    program = Program()
    deep = cel.text("a")
    for number in range(3 * MAX_DEPTH):
        deep = deep + "a"
        if number % 100 == 0:
            deep = program.let(f"part{number}", deep)
    assert len(program.used_by(deep)) == 8
