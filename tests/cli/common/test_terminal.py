"""Text from manifests cannot control the terminal."""

from __future__ import annotations

import pytest
from rich.text import Text

from webhook.cli.common.terminal import console, print_error, print_table

EVIL = "\x1b]0;title\x07\x9b31mname\r"


def test_control_characters_are_shown_and_not_executed(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(EVIL)
    console().print(Text(EVIL))
    print_table(("NAME",), [(EVIL,)])
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
