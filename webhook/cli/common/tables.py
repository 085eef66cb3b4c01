"""Tables that fit the terminal, laid out like kubectl's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from textwrap import wrap
from typing import Any

from msgspec import Struct
from rich.cells import cell_len, set_cell_size, split_text
from rich.text import Text

from webhook.cli.common.printable import printable
from webhook.cli.common.terminal import console, line_width
from webhook.cli.shell.help import fill_help

_GAP = 2
_HELP_WIDTH = 72
"""Of 80 columns, without the indent and the gap of the help page."""
_NOTHING = "-"
_MIN_WIDTH = 5
"""One cell, the sign that something is left out, and what is left of two wide characters."""


class Column(Struct, frozen=True, kw_only=True):
    title: str
    about: str = ""
    """What it holds, for `--help`."""
    cell: Callable[[Any], str | Text]
    """Its cell of a row."""
    drops: int = 0
    """Where rows are too long, this column drops n-th; 0: never."""
    enough: int = 0
    """Cells may be shortened, first those that are longest beyond this; 0: never."""
    is_wide: bool = False
    """Only in `-o wide`."""


def describe_columns(command: Callable[..., object], columns: Sequence[Column]) -> None:
    """Fill in the line COLUMNS of a command's help."""
    width = max(len(column.title) for column in columns)
    lines = [
        f"  {column.title:<{width}}  {line}" if not index else f"  {'':<{width}}  {line}"
        for column in columns
        for index, line in enumerate(wrap(_about(column), _HELP_WIDTH - width))
    ]
    fill_help(command, "COLUMNS", lines)


def _about(column: Column) -> str:
    return f"{column.about} (-o wide)" if column.is_wide else column.about


def print_table(columns: Sequence[Column], rows: Sequence[Any], *, wide: bool = False) -> Sequence[Column]:
    """`wide`: all columns and whole cells. Otherwise lines fit the width, and empty columns are omitted.

    Without rows it prints nothing. Returns the columns that were printed.
    """
    if not rows:
        return []
    width = None if wide else line_width()
    cells = {column.title: [_text(column.cell(row)) for row in rows] for column in columns}
    shown = [
        column for column in columns if wide or (not column.is_wide and any(map(len, cells[column.title])))
    ]
    widths = {
        column.title: max(cell_len(text) for text in (column.title, *map(str, cells[column.title])))
        for column in shown
    }
    if width is not None:
        shown, widths = fit(shown, widths, width)
    out = console()
    out.print(_line([(Text(column.title, style="bold"), widths[column.title]) for column in shown]))
    for index in range(len(rows)):
        out.print(_line([(cells[column.title][index], widths[column.title]) for column in shown]))
    return shown


def fit(columns: Sequence[Column], widths: dict[str, int], width: int) -> tuple[list[Column], dict[str, int]]:
    """The columns that stay, and the widths of theirs that fit, by title."""
    shown = [*columns]
    for column in sorted(filter(lambda each: each.drops, columns), key=lambda each: each.drops):
        if _total([widths[each.title] for each in shown]) > width:
            shown.remove(column)
    widths = {column.title: widths[column.title] for column in shown}
    while _total(widths.values()) > width:
        longest = max(
            (each for each in shown if each.enough and widths[each.title] > _least(each)),
            key=lambda each: widths[each.title] - each.enough,
            default=None,
        )
        if longest is None:
            break
        widths[longest.title] -= 1
    return shown, widths


def _total(widths: Collection[int]) -> int:
    return sum(widths) + _GAP * (len(widths) - 1)


def _least(column: Column) -> int:
    return max(_MIN_WIDTH, cell_len(column.title))


def shorten(text: str, width: int) -> str:
    """Without its middle if it is wider: names differ at their ends."""
    if cell_len(text) <= width:
        return text
    start, _ = split_text(text, width // 2)
    _, end = split_text(text, cell_len(text) - (width - 1) // 2)
    return f"{start}…{end}"


def _text(cell: str | Text) -> Text:
    """On one line."""
    text = cell if isinstance(cell, Text) else Text(cell)
    return Text(printable(" ".join(text.plain.split())), style=text.style)


def _line(cells: Sequence[tuple[Text, int]]) -> Text:
    parts = [(shorten(text.plain or _NOTHING, width), text.style, width) for text, width in cells]
    line = Text.assemble(*((set_cell_size(part, width + _GAP), style) for part, style, width in parts))
    line.rstrip()
    return line
