"""A comment for a pull request or a step summary, in GitHub's and GitLab's Markdown.

Whatever users wrote stands in code spans, where it is neither markup nor a mention of anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from webhook.checks.result import Level, Result, counted, findings, link_to

# GitHub refuses longer comments; the note about what was cut needs some of it.
MAX_LENGTH = 65_536
_NOTE_LENGTH = 400
_SIGNS = {Level.ERROR: ":x:", Level.WARNING: ":warning:", Level.NOTE: ":information_source:"}


def write(results: Sequence[Result], *, title: str = "podtailor", headline: str = "") -> str:
    """`title`: of the command, as in `podtailor audit`; `headline`: what was found, as a sentence."""
    found = findings(results)
    head = f"### {title}\n\n{_sum(results)}{f' {headline}.' if headline else ''}\n"
    left = MAX_LENGTH - _NOTE_LENGTH - len(head)
    header = "\n| | finding | object | place | what |\n|---|---|---|---|---|\n"
    rows = _fitting([_row(each) for each in found], left - len(header))
    table = header + "".join(rows) if rows else ""
    diffs = {(each.object, _file(each), each.diff): each for each in found if each.diff}
    shown = _fitting([_details(each) for each in diffs.values()], left - len(table))
    return head + table + "".join(shown) + _note(len(found) - len(rows), len(diffs) - len(shown))


def _sum(results: Sequence[Result]) -> str:
    failed = any(each.level is Level.ERROR for each in results)
    verdict = "**Failed**" if failed else "**Passed**"
    return f"{verdict}: {counted(results) or 'nothing was checked'}."


def _fitting(parts: Sequence[str], length: int) -> list[str]:
    """As many from the start as fit."""
    taken: list[str] = []
    for part in parts:
        length -= len(part)
        if length < 0:
            break
        taken.append(part)
    return taken


def _row(result: Result) -> str:
    cells = (
        _SIGNS[result.level],
        f"[{result.rule}]({link_to(result.rule)})",
        code_span(result.object),
        code_span(str(result.place or "")),
        code_span(result.message),
    )
    return f"| {' | '.join(cells)} |\n"


def _details(result: Result) -> str:
    fence = "`" * max(3, _longest_run(result.diff) + 1)
    # A blank line would end the HTML.
    name = _html(_on_one_line(": ".join(filter(None, (_file(result), result.object)))))
    return (
        f"\n<details><summary><code>{name}</code></summary>\n\n"
        f"{fence}diff\n{result.diff.rstrip()}\n{fence}\n\n</details>\n"
    )


def _file(result: Result) -> str:
    return result.place.file if result.place else ""


def _note(rows: int, diffs: int) -> str:
    missing = " and ".join(_missing(rows, diffs))
    return f"\n_{missing} left out: a comment has at most {MAX_LENGTH} characters._\n" if missing else ""


def _missing(rows: int, diffs: int) -> Iterator[str]:
    for count, noun in ((rows, "finding"), (diffs, "diff")):
        if count:
            yield f"{count} {noun}{'s' if count != 1 else ''}"


def code_span(text: str) -> str:
    """A code span in a cell of a table."""
    if not text:
        return ""
    line = _on_one_line(text).replace("|", r"\|")
    fence = "`" * (_longest_run(line) + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{fence}{pad}{line}{pad}{fence}"


def _on_one_line(text: str) -> str:
    return "".join(each if each.isprintable() else "\ufffd" for each in " ".join(text.split()))


def _longest_run(text: str) -> int:
    return max(map(len, re.findall("`+", text)), default=0)


def _html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
