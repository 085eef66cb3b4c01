"""Output for people: colour and width, for a terminal or a pipe."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import StringIO
from typing import TYPE_CHECKING, TextIO

from webhook.cli.common.printable import printable
from webhook.documents.problems import Problem

# It is imported when something is printed by it: that takes a tenth of what most commands take.
if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_USUAL_WIDTH = 80


def has_colour(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """A terminal has colour, unless one of these variables decides otherwise; the first one counts.

    https://no-color.org, https://force-color.org, https://bixense.com/clicolors
    """
    if environ.get("NO_COLOR"):
        return False
    if any(environ.get(name, "") not in ("", "0") for name in ("FORCE_COLOR", "CLICOLOR_FORCE")):
        return True
    return (
        environ.get("CLICOLOR") != "0" and environ.get("TERM") not in ("dumb", "unknown") and stream.isatty()
    )


def console(*, stderr: bool = False) -> Console:
    """In a pipe lines are not wrapped, for grep."""
    from webhook.cli.common.safe_console import SafeConsole

    if stderr:
        with suppress(OSError):  # such as a closed pipe, which ends the command when it is written to again
            sys.stdout.flush()  # a log with both streams keeps their order
    stream = sys.stderr if stderr else sys.stdout
    out = SafeConsole(
        stderr=stderr,
        highlight=False,
        soft_wrap=True,
        force_terminal=stream.isatty(),  # a pipe with colour is still no terminal: no progress bars
        color_system="standard" if has_colour(stream, os.environ) else None,
    )
    if not out.is_terminal:
        out.width = 1000
    elif not out.width:  # COLUMNS=0, in which rich prints nothing
        out.width = _USUAL_WIDTH
    return out


def line_width() -> int | None:
    """COLUMNS, or the width of the terminal; None in a pipe, where `grep` finds whole names."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and int(given):
        return int(given)
    return console().width if sys.stdout.isatty() else None


def print_sentence(sentence: Text) -> None:
    """Wrapped between words where it is too long, and then indented like its first line and two more."""
    from rich.text import Text

    out, width = console(), line_width()
    if sentence.plain.startswith("\n"):
        out.print()
        sentence = sentence[1:]
    indent = " " * (len(sentence.plain) - len(sentence.plain.lstrip()) + 2)
    breaks = [] if width is None else _breaks(sentence.plain, width, len(indent))
    for index, line in enumerate(sentence.divide(breaks)):
        line.rstrip()
        out.print(Text(indent).append_text(line) if index else line)


def _breaks(text: str, width: int, indent: int) -> Iterator[int]:
    """Where lines begin, but the first. A word is never broken: it may be a path, or a command to copy."""
    from rich.cells import cell_len

    used = 0
    for match in re.finditer(r"\s*\S+\s?", text):
        word = match[0].rstrip()
        if used and used + cell_len(word) > width:
            yield match.start() + len(word) - len(word.lstrip())
            used, word = indent, word.lstrip()
        used += cell_len(word) + len(match[0]) - len(match[0].rstrip())


def write(text: str) -> None:
    """The exact text; on a terminal without control characters."""
    sys.stdout.write(printable(text.replace("\r\n", "\n")) if sys.stdout.isatty() else text)


def print_error(message: str, *, name: str = "", hint: str = "") -> None:
    """A line per line of the message, the last one with its stable name; then what to do next."""
    for line in f"{message} [{name}]".splitlines() if name else message.splitlines():
        _print_labelled("error", "red", line)
    print_hint(hint)


def print_hint(hint: str) -> None:
    """What to do next."""
    for line in hint.splitlines():
        _print_labelled("hint", "cyan", line)


def _print_labelled(label: str, style: str, line: str) -> None:
    from rich.text import Text

    console(stderr=True).print(Text.assemble((f"{label}: ", style), line))


def print_problem(problem: Problem) -> None:
    print_error(str(problem), name=problem.name, hint=problem.hint)


def warn(message: str, *, name: str = "", hint: str = "") -> None:
    """With its stable name, except where the message begins with one, as warnings of admission do."""
    _print_labelled("warning", "yellow", f"{message} [{name}]" if name else message)
    print_hint(hint)


def print_diff(before: str, after: str, name: str) -> None:
    """A unified diff that `patch` accepts."""
    lines = _diff(before, after, name)
    if not (sys.stdout.isatty() or has_colour(sys.stdout, os.environ)):
        sys.stdout.writelines(lines)
        return
    from rich.text import Text

    out = console()
    for line in lines:
        bold = line.startswith(("---", "+++"))
        style = "bold" if bold else _DIFF_STYLES.get(line[:1], "")
        out.print(Text(line.rstrip("\r\n"), style=style))


def _diff(before: str, after: str, name: str) -> Iterator[str]:
    old, new = (list(StringIO(text, newline="\n")) for text in (before, after))
    for line in difflib.unified_diff(old, new, name, name):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
