"""The report as one page that needs nothing else: no network, no other file."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from importlib.resources import files
from itertools import groupby
from typing import Any

import msgspec
from jinja2 import Environment, FunctionLoader

from webhook.audit.costs.costs import Costs
from webhook.audit.findings import SIZES, WORST_FIRST, Finding
from webhook.audit.reports.charts import charts, meters
from webhook.audit.reports.headline import headline_of
from webhook.audit.reports.next_steps import next_steps
from webhook.audit.reports.scope import Scope, facts
from webhook.audit.reports.usage import UsageReport
from webhook.audit.reports.wording import added, amount, pods_of, qos_change, short_item, what
from webhook.audit.summary import Auditor, Row, quantities
from webhook.messages.message import Message
from webhook.model.names import QOS_RESOURCES

MAX_WITHOUT_SCRIPT = 50
"""Owners that the page shows without JavaScript, as previews of mail programs do."""
_WITHOUT_EFFECT = Message(
    "no-effect",
    "changes without effect",
    "All that would be added is `resizePolicy: NotRequired`, which Kubernetes assumes anyway.",
    "There is nothing to do.",
)
_GROUPS = (*(finding.message for finding in WORST_FIRST), _WITHOUT_EFFECT)
_TAGS = {"+": "ins", "-": "del"}
_FOLDER = files(__package__)


def page(  # noqa: PLR0913 (what the page is made of)
    auditor: Auditor,
    costs: Costs,
    totals: dict[str, Any],
    scope: Scope,
    *,
    at: datetime,
    usage: UsageReport | None = None,
) -> str:
    """`totals` are those of `summary_json`."""
    summary = auditor.summary
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, loader=FunctionLoader(_template)
    )
    environment.filters |= {"code": _code, "unbroken": _unbroken}
    texts = {name: (_FOLDER / f"report.{name}").read_text(encoding="utf-8") for name in ("css", "js")}
    owners = [_owner(row) for row in summary.rows]
    known = {finding.message for finding in summary.known} | {_WITHOUT_EFFECT}
    return environment.get_template("report.html.j2").render(
        texts=texts,
        hashes={name: _hash(text) for name, text in texts.items()},
        at=at,
        headline=headline_of(summary),
        worst=owners[0]["finding"] if owners else Finding.SKIPPED,
        steps=next_steps(summary.rows, costs, scope),
        facts=facts(scope, auditor.snapshot, summary.tailors),
        is_live=not scope.manifests,
        summary=totals,
        groups=[each for each in _GROUPS if each in known],
        usage=usage,
        counts=Counter(each["finding"] for each in owners),
        meters=meters(summary, costs),
        charts=[*charts(summary)],
        owners=owners,
        data=_data(owners),
        max_without_script=MAX_WITHOUT_SCRIPT,
        namespaces=sorted({each["namespace"] for each in owners}),
        capacity=costs.capacity,
        cpu_and_memory=lambda amounts: ", ".join(amount(amounts.get(key, 0), key) for key in QOS_RESOURCES),
    )


def _template(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")


def _owner(row: Row) -> dict[str, Any]:
    verdict, before, after = row.verdict, row.requests.before, row.requests.after
    changes = {key: after[key] - before[key] for key in QOS_RESOURCES}
    exact = zip(quantities(before).values(), quantities(after).values(), strict=True)
    cpu, memory = (old if old == new else f"{old} to {new}" for old, new in exact)
    return {
        "finding": _WITHOUT_EFFECT.name if verdict.is_without_effect else row.finding,
        "namespace": row.owner.namespace,
        "kind": row.owner.kind,
        "name": row.owner.name,
        "place": str(row.place or ""),
        "pods": pods_of(row) or "-",
        "podCount": sum(row.pods.values()),
        "cpu": changes["cpu"],
        "cpuText": added(changes["cpu"], "cpu").removesuffix(" CPU") if changes["cpu"] else "0",
        "memory": changes["memory"] // 1000,
        "memoryText": added(changes["memory"], "memory") if changes["memory"] else "0",
        "what": what(verdict.items, row.finding) or row.finding.message.title,
        "details": {
            "Requests": f"CPU {cpu}, memory {memory}",
            "QoS class": qos_change(verdict),
            "Workload type": ", ".join(verdict.types),
            "Tailored by": verdict.tailor or "",
            "Besides": "; ".join(_besides(row)),
            "Why": "; ".join(
                f"{short_item(item)}: {item.why}" for item in verdict.items if item.finding in SIZES
            ),
        },
        "diff": [*_hunks(verdict.diff)],
    }


def _besides(row: Row) -> Iterator[str]:
    """Other findings than the worst, in which the cells of the table leave them out."""
    for finding in dict.fromkeys(item.finding for item in row.verdict.items):
        if finding not in (row.finding, Finding.PASS):
            yield f"{finding}: {what(row.verdict.items, finding)}"


def _hunks(diff: str) -> Iterator[tuple[str, str]]:
    """Lines that belong together, each with the HTML element that says whether they are added or removed."""
    for sign, lines in groupby(diff.split("\n") if diff else (), key=lambda line: line[:1]):
        yield _TAGS.get(sign, "span"), "".join(f"{line}\n" for line in lines)


def _data(owners: list[dict[str, Any]]) -> str:
    """For the script: columns, rows, and each distinct diff once, because many owners share theirs."""
    diffs: dict[str, int] = {}
    rows = []
    for each in owners:
        diff = diffs.setdefault(msgspec.json.encode(each["diff"]).decode(), len(diffs))
        rows.append([*{**each, "details": [*each["details"].values()], "diff": diff}.values()])
    document = {
        "columns": [*owners[0]] if owners else [],
        "labels": [*owners[0]["details"]] if owners else [],
        "rows": rows,
        "diffs": [msgspec.Raw(each) for each in diffs],
    }
    # So that no name can end the script element.
    return msgspec.json.encode(document).decode().replace("<", "\\u003c")


def _code(markdown: str) -> str:
    """HTML of a sentence of `webhook.messages`: code is marked up, and links are text."""
    linked = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", html.escape(markdown))
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", linked)


def _unbroken(sentence: str) -> str:
    """No line ends between a number and its unit."""
    return re.sub(r"([+-]\S+) ", "\\1\N{NO-BREAK SPACE}", sentence)


def _hash(text: str) -> str:
    """As the content security policy of the page names it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
