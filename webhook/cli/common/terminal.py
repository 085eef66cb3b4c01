"""Output for people: colour, width and tables, for a terminal or a pipe."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from webhook.documents.problems import Problem

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


# Anybody can write names and annotations, and terminals execute control characters.
_CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], "\ufffd")
del _CONTROLS[ord("\n")], _CONTROLS[ord("\t")]


class _SafeConsole(Console):
    """Shows control characters instead of sending them to the terminal."""

    def print(self, *objects: Any, **options: Any) -> None:
        super().print(*map(_without_controls, objects), **options)


def _without_controls(value: Any) -> Any:
    if isinstance(value, str):
        return value.translate(_CONTROLS)
    if isinstance(value, Text):
        value.plain = value.plain.translate(_CONTROLS)
    return value


def console(*, stderr: bool = False) -> Console:
    """Colour only on a terminal; in a pipe lines are not wrapped, for grep."""
    out = _SafeConsole(stderr=stderr, highlight=False, soft_wrap=True)
    if not out.is_terminal:
        out.width = 1000
    return out


def write(text: str) -> None:
    """The exact text; on a terminal without control characters."""
    sys.stdout.write(_without_controls(text.replace("\r\n", "\n")) if sys.stdout.isatty() else text)


def print_error(message: str, *, name: str = "", hint: str = "") -> None:
    """A line per line of the message, the last one with its stable name; then what to do next."""
    out = console(stderr=True)
    for line in f"{message} [{name}]".splitlines() if name else message.splitlines():
        out.print(Text.assemble(("error: ", "red"), line))
    print_hint(hint)


def print_hint(hint: str) -> None:
    """What to do next."""
    for line in hint.splitlines():
        console(stderr=True).print(Text.assemble(("hint: ", "cyan"), line))


def print_problem(problem: Problem) -> None:
    print_error(str(problem), name=problem.name, hint=problem.hint)


def warn(message: str) -> None:
    console(stderr=True).print(Text.assemble(("warning: ", "yellow"), message))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Aligned columns, as kubectl prints them."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*(Text(_without_controls(cell)) for cell in row))
    out = console()
    out.width = 1000  # whole names rather than lines that fit
    with out.capture() as capture:
        out.print(table)
    for line in capture.get().splitlines():
        sys.stdout.write(f"{line.rstrip()}\n")


def print_diff(before: str, after: str, name: str) -> None:
    """A unified diff that `patch` accepts."""
    lines = _diff(before, after, name)
    out = console()
    if not out.is_terminal:
        sys.stdout.writelines(lines)
        return
    for line in lines:
        bold = line.startswith(("---", "+++"))
        style = "bold" if bold else _DIFF_STYLES.get(line[:1], "")
        out.print(Text(line.rstrip("\r\n"), style=style))


def _diff(before: str, after: str, name: str) -> Iterator[str]:
    old, new = (list(StringIO(text, newline="\n")) for text in (before, after))
    for line in difflib.unified_diff(old, new, name, name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
