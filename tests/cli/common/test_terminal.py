"""Text from manifests cannot control the terminal."""

from __future__ import annotations

import pytest
from rich.text import Text

from webhook.cli.common.terminal import console, print_table

EVIL = "\x1b]0;title\x07\x9b31mname\r"


def test_control_characters_are_shown_and_not_executed(capsys: pytest.CaptureFixture[str]) -> None:
    console().print(EVIL)
    console().print(Text(EVIL))
    print_table(("NAME",), [(EVIL,)])
    printed = capsys.readouterr().out
    assert "name" in printed
    assert not {"\x1b", "\x07", "\x9b", "\r"}.intersection(printed)
