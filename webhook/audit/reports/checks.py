"""The audit as results of a check, each at its place in a manifest."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from msgspec import structs

from webhook.audit.findings import Finding, Item
from webhook.audit.reports.wording import what
from webhook.audit.summary import Row
from webhook.checks.result import Level, Result
from webhook.policies.policy_tests import value_text

_LEVELS = {
    Finding.NOT_JUDGED: Level.ERROR,
    Finding.VIOLATION: Level.WARNING,
    Finding.SLIPPED_THROUGH: Level.WARNING,
    Finding.DRIFTED: Level.WARNING,
    Finding.CONFLICT: Level.WARNING,
    Finding.WOULD_CHANGE: Level.NOTE,
    Finding.SKIPPED: Level.SKIPPED,
    Finding.PASS: Level.PASSED,
}


def results(rows: Iterable[Row], fails: Collection[Finding]) -> Iterator[Result]:
    """One for each finding of an object and each line it is about.

    `fails`: those that fail the audit, which are errors; so a pipeline shows errors if the exit code is 1.
    """
    for row in rows:
        by_place: dict[tuple[Finding, int, int], list[Item]] = {}
        for item in row.verdict.items:
            by_place.setdefault((item.finding, item.line, item.column), []).append(item)
        for (finding, line, column), items in by_place.items():
            place = row.place
            if place and line:
                place = structs.replace(place, line=line, column=column)
            yield Result(
                rule=finding,
                level=_level(items, finding, fails),
                message=_message(items, finding),
                place=place,
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


def _message(items: Iterable[Item], finding: Finding) -> str:
    """The values of changes too: a pipeline shows no diff beside the line."""
    if finding not in (Finding.WOULD_CHANGE, Finding.SLIPPED_THROUGH):
        return what(items, finding)
    return values((item.policy, item.field, item.after) for item in items)


def values(changes: Iterable[tuple[str, str, Any]]) -> str:
    """Policy, field and value of each change, by policy."""
    by_policy: dict[str, list[str]] = {}
    for policy, field, value in changes:
        by_policy.setdefault(policy, []).append(f"{field} {value_text(value)}")
    return "; ".join(f"{policy}: {', '.join(fields)}" for policy, fields in by_policy.items())
