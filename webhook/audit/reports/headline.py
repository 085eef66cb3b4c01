"""What an audit found, in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from webhook.audit.findings import SIZES, Finding
from webhook.audit.reports.wording import added
from webhook.audit.summary import Row, Summary, Total
from webhook.model.names import QOS_RESOURCES

UNDECIDED = (Finding.VIOLATION, Finding.CONFLICT)
"""What only a person can settle, by changing an object or a policy."""


def headline_of(summary: Summary) -> str:
    """With whether owners would run on a platform, if one was asked for."""
    parts = [headline(summary.rows), *([summary.platforms.headline] if summary.platforms else [])]
    return "; ".join(parts)


def headline(rows: Iterable[Row]) -> str:
    """As `41 of 60 owners would change: +6.2 CPU, +14 GiB; 3 need a decision`."""
    rows = [*rows]
    if not rows:
        return "No Pods and no Pod templates were found"
    return "; ".join(_parts(rows))


def _parts(rows: list[Row]) -> Iterator[str]:
    owners = f"{len(rows)} owner{'s' if len(rows) > 1 else ''}"
    changed = sum(row.verdict.changes for row in rows)
    if changed:
        requests = ", ".join(_added(rows))
        # Templates can request more while live Pods, which the sum is about, stay.
        shows_amounts = any(
            ":requests." in item.field and item.finding not in SIZES
            for row in rows
            for item in row.verdict.items
        )
        unchanged = "" if shows_amounts else "requests stay as they are"
        yield ": ".join(filter(None, (f"{changed} of {owners} would change", requests or unchanged)))
    else:
        yield f"None of {owners} would change"
    without_effect = sum(row.verdict.is_without_effect for row in rows)
    if without_effect:
        more = " more" if changed else ""
        yield f"{without_effect}{more} without effect"
    sizes = Counter(row.finding for row in rows if row.finding in SIZES)
    if sizes:
        yield " and ".join(f"{sizes[finding]} {finding}" for finding in SIZES if sizes[finding])
    undecided = sum(row.finding in UNDECIDED for row in rows)
    if undecided:
        yield f"{undecided} need{'s' if undecided == 1 else ''} a decision"
    not_judged = sum(row.finding is Finding.NOT_JUDGED for row in rows)
    if not_judged:
        yield f"{not_judged} could not be judged"


def _added(rows: Iterable[Row]) -> Iterator[str]:
    total = Total()
    for row in rows:
        total.join(row.requests)
    for resource in QOS_RESOURCES:
        amount = total.after[resource] - total.before[resource]
        if amount:
            yield added(amount, resource)
