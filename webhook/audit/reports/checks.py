"""The audit as results of a check, each at its place in a manifest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from msgspec import structs

from webhook.audit.findings import SIZES, Finding, Item
from webhook.audit.reports.wording import short_item, what
from webhook.audit.summary import Row
from webhook.checks.result import Level, Result
from webhook.model.place import Place
from webhook.model.text import value_text

_LEVELS = {
    Finding.NOT_JUDGED: Level.ERROR,
    Finding.VIOLATION: Level.WARNING,
    Finding.SLIPPED_THROUGH: Level.WARNING,
    Finding.WRONG_ARCH: Level.WARNING,
    Finding.DRIFTED: Level.WARNING,
    Finding.CONFLICT: Level.WARNING,
    Finding.UNDERSIZED: Level.NOTE,
    Finding.OVERSIZED: Level.NOTE,
    Finding.WOULD_CHANGE: Level.NOTE,
    Finding.STOPPED_BY_IMAGE: Level.NOTE,
    Finding.ARCH_UNKNOWN: Level.NOTE,
    Finding.WOULD_RUN: Level.PASSED,
    Finding.SKIPPED: Level.SKIPPED,
    Finding.PASS: Level.PASSED,
}


_CHANGES = (Finding.SLIPPED_THROUGH, Finding.WOULD_CHANGE)


def results(rows: Iterable[Row], fails: Collection[Finding]) -> Iterator[Result]:
    """One for all changes of an object, and one for each other finding and line.

    `fails`: those that fail the audit, which are errors; so a pipeline shows errors if the exit code is 1.
    """
    for row in rows:
        grouped: dict[tuple[Finding, int, int], list[Item]] = {}
        for item in row.verdict.items:
            line, column = (0, 0) if item.finding in _CHANGES else (item.line, item.column)
            grouped.setdefault((item.finding, line, column), []).append(item)
        for (finding, _, _), items in grouped.items():
            shown = [item for item in items if item.has_effect] or items
            yield Result(
                rule=finding,
                level=_level(items, finding, fails),
                message=_message(shown, finding),
                place=_place(row.place, shown),
                object=str(row.owner),
                diff=row.verdict.diff,
                judged=finding is not Finding.NOT_JUDGED,
            )


def _level(items: Iterable[Item], finding: Finding, fails: Collection[Finding]) -> Level:
    if finding in fails:
        return Level.ERROR
    if finding is Finding.WOULD_CHANGE and not any(item.has_effect for item in items):
        return Level.PASSED
    return _LEVELS[finding]


def _place(of_object: Place | None, items: Sequence[Item]) -> Place | None:
    """That of the first item about a container, which says more than a line of the whole Pod."""
    item = next((item for item in items if not item.field.startswith("pod:")), items[0])
    if of_object is None or not item.line:
        return of_object
    return structs.replace(of_object, line=item.line, column=item.column)


def _message(items: Iterable[Item], finding: Finding) -> str:
    """The values of changes too: a pipeline shows no diff beside the line."""
    if finding in SIZES:
        return "; ".join(f"{short_item(item)}: {item.why}" for item in items)
    if finding not in _CHANGES:
        return what(items, finding)
    by_policy: dict[str, list[str]] = {}
    for item in items:
        by_policy.setdefault(item.policy, []).append(f"{item.field} {value_text(item.after)}")
    return "; ".join(f"{policy}: {', '.join(fields)}" for policy, fields in by_policy.items())
