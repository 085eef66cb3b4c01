"""Colour, and text from manifests that cannot control the terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest
from rich.text import Text

from tests.support.terminals import in_terminal
from webhook.cli.common.tables import Column, print_table
from webhook.cli.common.terminal import console, print_error, print_sentence

EVIL = "\x1b]0;title\x07\x9b31mname\r"


def test_control_characters_are_shown_and_not_executed(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(EVIL)
    console().print(Text(EVIL))
    print_table([Column(title="NAME", cell=str)], [EVIL])
    printed = capsys.readouterr().out
    assert "name" in printed
    assert not {"\x1b", "\x07", "\x9b", "\r"}.intersection(printed)


@pytest.mark.parametrize(
    ("message", "more", "printed"),
    [
        pytest.param("no manifests", {}, "error: no manifests\n", id="a message alone"),
        pytest.param("a\nb", {}, "error: a\nerror: b\n", id="a line per problem"),
        pytest.param(
            "a\nb",
            {"name": "no-manifests", "hint": "use -f FILE\nor -k DIRECTORY"},
            "error: a\nerror: b [no-manifests]\nhint: use -f FILE\nhint: or -k DIRECTORY\n",
            id="its stable name, then what to do",
        ),
    ],
)
def test_errors_have_one_style(
    message: str, more: dict[str, str], printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_error(message, **more)
    assert capsys.readouterr().err == printed


@pytest.mark.parametrize(
    ("variables", "in_tty", "in_pipe"),
    [
        pytest.param("", True, False, id="a terminal alone"),
        pytest.param("NO_COLOR=1", False, False, id="none by NO_COLOR"),
        pytest.param("NO_COLOR=", True, False, id="an empty NO_COLOR"),
        pytest.param("NO_COLOR=1 FORCE_COLOR=1 CLICOLOR_FORCE=1", False, False, id="none by NO_COLOR before the others"),
        pytest.param("CLICOLOR_FORCE=1", True, True, id="everywhere by CLICOLOR_FORCE"),
        pytest.param("CLICOLOR_FORCE=0", True, False, id="a CLICOLOR_FORCE that forces nothing"),
        pytest.param("FORCE_COLOR=1", True, True, id="everywhere by FORCE_COLOR"),
        pytest.param("FORCE_COLOR=", True, False, id="an empty FORCE_COLOR"),
        pytest.param("CLICOLOR=0", False, False, id="none by CLICOLOR"),
        pytest.param("CLICOLOR=1", True, False, id="a terminal by CLICOLOR"),
        pytest.param("CLICOLOR=0 CLICOLOR_FORCE=1", True, True, id="everywhere by CLICOLOR_FORCE before CLICOLOR"),
        pytest.param("TERM=dumb", False, False, id="none in a dumb terminal"),
        pytest.param("TERM=dumb CLICOLOR_FORCE=1", True, True, id="forced in a dumb terminal"),
    ],
)  # fmt: skip
def test_colour(variables: str, monkeypatch: pytest.MonkeyPatch, *, in_tty: bool, in_pipe: bool) -> None:
    for name, value in (each.split("=") for each in ("TERM=xterm", *variables.split())):
        monkeypatch.setenv(name, value)
    for (reading, writing), coloured in ((pty.openpty(), in_tty), (os.pipe(), in_pipe)):
        with os.fdopen(writing, "w") as stream, monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", stream)
            console().print("ok", style="green")
            stream.flush()
            printed = os.read(reading, 4096)
        os.close(reading)
        assert (b"\x1b[32m" in printed, b"ok" in printed) == (coloured, True)


@pytest.mark.parametrize(
    ("variables", "coloured"), [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False)]
)
def test_a_command_has_colour_as_its_console_has(variables: dict[str, str], *, coloured: bool) -> None:
    code, printed = in_terminal("test", "examples/tests/built-in.yaml", variables=variables)
    assert (code, "\x1b[32m" in printed, "ok" in printed) == (0, coloured, True)


def test_a_log_with_both_streams_keeps_their_order() -> None:
    environment = {each: value for each, value in os.environ.items() if each != "PYTHONUNBUFFERED"}
    command = [sys.executable, "-m", "webhook", "mutate", "-f", "examples/arm64.yaml", "--check"]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment, check=False
    )
    first, *_, last = done.stdout.splitlines()
    assert first == "--- examples/arm64.yaml"
    assert last.startswith("hint: 1 file would change")


@pytest.mark.parametrize(
    ("sentence", "width", "lines"),
    [
        ("one two three", "", ["one two three"]),
        ("one two three", "13", ["one two three"]),
        ("one two three", "12", ["one two", "  three"]),
        ("one two three", "7", ["one two", "  three"]),
        ("  one two three", "10", ["  one two", "    three"]),
        ("one two three four", "8", ["one two", "  three", "  four"]),
        ("one  two", "7", ["one", "  two"]),
        ("kubectl/rollout/restart now", "5", ["kubectl/rollout/restart", "  now"]),
        ("정책 이름", "8", ["정책", "  이름"]),
        ("정책 이름", "9", ["정책 이름"]),
        ("\n  one two", "7", ["", "  one", "    two"]),
        ("", "5", [""]),
    ],
)
def test_sentences_are_wrapped_between_words(
    sentence: str,
    width: str,
    lines: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    print_sentence(Text(sentence))
    assert capsys.readouterr().out.splitlines() == lines


def test_wrapping_keeps_colours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COLUMNS", "8")
    monkeypatch.setenv("FORCE_COLOR", "1")
    print_sentence(Text.assemble("one ", ("two three", "red"), " four"))
    assert capsys.readouterr().out == "one \x1b[31mtwo\x1b[0m\n  \x1b[31mthree\x1b[0m\n  four\n"


def test_a_terminal_without_a_width_is_written_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "0")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    print_sentence(Text("one"))
    assert "one" in capsys.readouterr().out
