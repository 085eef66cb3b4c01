"""The report as one page that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from itertools import groupby
from typing import Any

from jinja2 import Environment

from webhook.audit.costs.costing import Costs
from webhook.audit.findings import Finding
from webhook.audit.reports.charts import charts
from webhook.audit.reports.wording import pods_of, short, what
from webhook.audit.summary import Row, Summary

_TAGS = {"+": "ins", "-": "del"}
_FOLDER = files(__package__)


def page(summary: Summary, costs: Costs, totals: dict[str, Any], *, at: datetime, of: str) -> str:
    """`of` says in words what was audited."""
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    script = (_FOLDER / "report.js").read_text()
    rows = summary.rows
    return environment.from_string((_FOLDER / "report.html.j2").read_text()).render(
        summary=totals,
        at=f"{at:%Y-%m-%d %H:%M} UTC",
        of=of,
        meanings={finding: finding.message.title for finding in Finding},
        charts=[*charts(summary)],
        rows=[_cells(row) for row in rows],
        namespaces=sorted({row.owner.namespace for row in rows}),
        types=sorted({_types(row) for row in rows}),
        capacity=costs.capacity,
        cpu_and_memory=lambda amounts: f"{short(amounts, 'cpu')} CPU, {short(amounts, 'memory')}",
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )


def _cells(row: Row) -> dict[str, Any]:
    return {
        "finding": row.finding,
        "namespace": row.owner.namespace,
        "owner": f"{row.owner.kind} {row.owner.name}",
        "place": row.place,
        "pods": pods_of(row) or "-",
        "types": _types(row),
        "what": what(row.verdict.items, row.finding),
        "diff": [*_hunks(row.verdict.diff)],
    }


def _hunks(diff: str) -> Iterator[tuple[str, str]]:
    """Lines that belong together, each with the HTML element that says whether they are added or removed."""
    for sign, lines in groupby(diff.split("\n") if diff else (), key=lambda line: line[:1]):
        yield _TAGS.get(sign, "span"), "".join(f"{line}\n" for line in lines)


def _types(row: Row) -> str:
    return ", ".join(row.verdict.types) or "-"
