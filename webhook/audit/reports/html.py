"""The report as one page that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any

from jinja2 import Environment

from webhook.audit.costs.costing import Costs
from webhook.audit.findings import Finding
from webhook.audit.reports.charts import bars
from webhook.audit.reports.wording import pods_of, short, what
from webhook.audit.summary import Row, Tally, Total

_MEANINGS = {
    Finding.NOT_JUDGED: "could not be read or judged",
    Finding.VIOLATION: "own values break a bound of a policy",
    Finding.SLIPPED_THROUGH: "Pods that admission should have changed",
    Finding.DRIFTED: "Pods with other resources than their template's",
    Finding.CONFLICT: "policies wish different values",
    Finding.WOULD_CHANGE: "would be changed if created now",
    Finding.SKIPPED: "left alone, or no policy is for them",
    Finding.PASS: "nothing to do",
}
_MAX_BARS = 12
_FOLDER = files(__package__)


def page(tally: Tally, costs: Costs, summary: dict[str, Any], *, at: datetime, of: str) -> str:
    """`of` says in words what was looked at."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    script = (_FOLDER / "report.js").read_text()
    rows = tally.rows
    return environment.from_string((_FOLDER / "report.html.j2").read_text()).render(
        summary=summary,
        at=f"{at:%Y-%m-%d %H:%M} UTC",
        of=of,
        meanings=_MEANINGS,
        charts=_charts(tally),
        rows=[_cells(row) for row in rows],
        namespaces=sorted({row.owner.namespace for row in rows}),
        types=sorted({_types(row) for row in rows}),
        diffs={str(index): row.verdict.diff for index, row in enumerate(rows) if row.verdict.diff},
        rooms=costs.rooms,
        both=lambda amounts: f"{short(amounts, 'cpu')} CPU, {short(amounts, 'memory')}",
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _charts(tally: Tally) -> list[tuple[str, str]]:
    made = []
    for name, totals in (("namespace", _largest(tally.namespaces)), ("workload type", _largest(tally.types))):
        for resource, unit in (("cpu", "CPU, cores"), ("memory", "memory, GiB")):
            if totals:
                made.append((f"{unit}, by {name}", bars(f"{resource}-{name[0]}", totals, resource)))
    return made


def _largest(totals: Mapping[str, Total]) -> dict[str, Total]:
    """Those that request most, and all others as one."""
    most_first = sorted(totals, key=lambda name: (-totals[name].after["memory"], name))
    shown = {name: totals[name] for name in most_first[:_MAX_BARS]}
    if len(most_first) > _MAX_BARS:
        rest = Total()
        for name in most_first[_MAX_BARS:]:
            rest.join(totals[name])
        shown[f"{len(most_first) - _MAX_BARS} others"] = rest
    return shown


def _cells(row: Row) -> dict[str, Any]:
    return {
        "finding": row.finding,
        "namespace": row.owner.namespace,
        "owner": f"{row.owner.kind} {row.owner.name}",
        "pods": pods_of(row),
        "types": _types(row),
        "what": what(row.verdict.items, row.finding),
        "diff": row.verdict.diff,
    }


def _types(row: Row) -> str:
    return ", ".join(row.verdict.types) or "-"
