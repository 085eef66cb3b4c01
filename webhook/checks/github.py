"""GitHub's workflow commands, which annotate lines of a pull request.

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from webhook.checks.result import Level, Result, counted, findings
from webhook.model.place import STDIN

_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
# Of a level, in one step; all of them stay in the log.
MAX_ANNOTATIONS = 10


def write(results: Sequence[Result]) -> str:
    """Worst first: GitHub shows the first ones."""
    return "".join(f"{line}\n" for line in _lines(results))


def _lines(results: Sequence[Result]) -> Iterator[str]:
    found = findings(results)
    yield from map(_command, found)
    yield f"podtailor: {counted(results) or 'nothing was checked'}"
    if any(count > MAX_ANNOTATIONS for count in Counter(each.level for each in found).values()):
        yield f"GitHub annotates the first {MAX_ANNOTATIONS} of a level; code scanning (-o sarif) shows all"


def _command(result: Result) -> str:
    place = result.place
    values = {
        "file": place.file if place and place.file != STDIN else "",
        "line": str(place.line or "") if place else "",
        "col": str(place.column or "") if place else "",
        "title": f"podtailor: {result.rule}",
    }
    if not values["file"]:  # a line of nothing
        values["line"] = values["col"] = ""
    properties = ",".join(f"{key}={_property(value)}" for key, value in values.items() if value)
    text = ": ".join(filter(None, (result.object, result.message))) or result.rule
    return f"::{_COMMANDS[result.level]} {properties}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
