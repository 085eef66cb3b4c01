"""A console of rich that shows control characters instead of sending them to the terminal."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from webhook.cli.common.printable import printable


class SafeConsole(Console):
    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*map(_without_controls, objects), **options)

    def on_broken_pipe(self) -> None:
        """Of rich, which would end with 1: that says that something was found."""
        raise BrokenPipeError


def _without_controls(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, Text):
        value.plain = printable(value.plain)
    return value
