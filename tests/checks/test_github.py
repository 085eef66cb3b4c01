"""Workflow commands, read again by the rules of GitHub's runner."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webhook.checks import github
from webhook.checks.result import Level, Result
from webhook.model.place import Place

COMMAND = re.compile(r"::(\w+) ([^:]*)::(.*)")


def _annotation(line: str) -> tuple[str, dict[str, str], str]:
    match = COMMAND.fullmatch(line)
    assert match
    pairs = (each.partition("=") for each in match[2].split(","))
    return match[1], {key: _unescaped(value) for key, _, value in pairs}, _unescaped(match[3])


def _unescaped(text: str) -> str:
    for code, character in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, character)
    return text


@pytest.mark.parametrize(
    ("level", "command"), [(Level.ERROR, "error"), (Level.WARNING, "warning"), (Level.NOTE, "notice")]
)
def test_a_finding_annotates_its_line(level: Level, command: str) -> None:
    result = Result(
        rule="violation", level=level, message="too much", place=Place("a.yaml", 7, 5), object="Pod shop/a"
    )
    assert github.write([result]) == (
        f"::{command} file=a.yaml,line=7,col=5,title=podtailor%3A violation::Pod shop/a: too much\n"
        "podtailor: 1 violation\n"
    )


@pytest.mark.parametrize("place", [None, Place("<stdin>", 3, 1)])
def test_what_is_in_no_file_annotates_the_run(place: Place | None) -> None:
    result = Result(rule="violation", level=Level.ERROR, message="too much", place=place)
    assert github.write([result]).splitlines()[0] == "::error title=podtailor%3A violation::too much"


def test_what_passed_is_only_counted() -> None:
    passed = [
        Result(rule="pass", level=Level.PASSED, object="a"),
        Result(rule="skipped", level=Level.SKIPPED, object="b"),
    ]
    assert github.write(passed) == "podtailor: 1 skipped, 1 passed\n"
    assert github.write([]) == "podtailor: nothing was checked\n"


@pytest.mark.parametrize(("count", "is_said"), [(10, False), (11, True)])
def test_the_limit_is_said_if_it_is_passed(count: int, is_said: bool) -> None:
    text = github.write([Result(rule="violation", level=Level.ERROR)] * count)
    assert text.count("::error") == count
    assert ("annotates the first 10" in text) is is_said


@given(st.text(), st.text(min_size=1))
def test_nothing_that_users_write_ends_a_command(message: str, file: str) -> None:
    result = Result(rule="violation", level=Level.ERROR, message=message, object="x", place=Place(file, 1, 1))
    first, last = github.write([result]).removesuffix("\n").split("\n")
    assert last == "podtailor: 1 violation"
    _, properties, text = _annotation(first)
    assert text == (f"x: {message}" if message else "x")
    assert properties.get("file", "<stdin>") == file
