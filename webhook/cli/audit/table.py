"""The audit for people at a terminal: totals first, then owners, worst first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from webhook.audit.costs.capacity import NodeCapacity
from webhook.audit.costs.costing import Costs
from webhook.audit.findings import WORST_FIRST, Amounts, Finding
from webhook.audit.reports.wording import pods_of, short, what
from webhook.audit.summary import Row, Summary
from webhook.cli.common.output import pluralize
from webhook.cli.common.terminal import console, print_table
from webhook.model.names import QOS_RESOURCES

_STYLES = {
    Finding.NOT_JUDGED: "red",
    Finding.VIOLATION: "red",
    Finding.SLIPPED_THROUGH: "red",
    Finding.DRIFTED: "yellow",
    Finding.CONFLICT: "yellow",
    Finding.WOULD_CHANGE: "cyan",
    Finding.SKIPPED: "dim",
    Finding.PASS: "green",
}
_MAX_NAMESPACES = 10
_MAX_SKIPPED = 20


def show(summary: Summary, costs: Costs, totals: dict[str, Any], *, with_diff: bool) -> None:
    out = console()
    if totals["interrupted"]:
        out.print(Text("interrupted: this is only what had been read", style="red"))
    for note in totals["notes"]:
        out.print(Text(note, style="yellow"))
    for line in (*_counts(summary), *_requests(summary), *_costs(costs)):
        out.print(line)
    rows = [row for row in summary.rows if row.finding is not Finding.PASS]
    skipped = [row for row in rows if row.finding is Finding.SKIPPED]
    if len(skipped) > _MAX_SKIPPED:  # the counts above say why
        rows = [row for row in rows if row.finding is not Finding.SKIPPED]
    if rows:
        out.print()
        print_table(("FINDING", "NAMESPACE", "OWNER", "PODS", "WHAT"), [*map(_cells, rows)])
    for row in rows:
        if with_diff and row.verdict.diff:
            out.print(Text(f"\n{row.owner}", style="bold"))
            for line in row.verdict.diff.splitlines():
                out.print(Text(line, style={"+": "green", "-": "red"}.get(line[:1], "")))


def _counts(summary: Summary) -> Iterator[Text]:
    live = f", {pluralize(summary.live_pods, 'live Pod')}" if summary.live_pods else ""
    yield Text(f"{pluralize(len(summary.rows), 'owner')}{live}", style="bold")
    for finding in WORST_FIRST:
        owners, pods = summary.owners[finding], summary.pods[finding]
        if owners:
            why = summary.skips.most_common() if finding is Finding.SKIPPED else ()
            cells = (pluralize(owners, "owner"), pluralize(pods, "Pod") if pods else "")
            said = ", ".join(f"{count} {reason}" for reason, count in why)
            yield Text(f"  {finding:<17}{cells[0]:<12}{cells[1]:<10}{said}".rstrip(), style=_STYLES[finding])
    for moved, count in summary.qos.most_common():
        yield Text(f"  QoS class: {pluralize(count, 'Pod')} from {moved}")


def _requests(summary: Summary) -> Iterator[str]:
    changed = {name: each for name, each in summary.namespaces.items() if each.before != each.after}
    if changed:
        yield "\nRequests, as they are and as they would be"
    most_first = sorted(
        changed.items(), key=lambda each: (each[1].before["cpu"] - each[1].after["cpu"], each[0])
    )
    for name, each in most_first[:_MAX_NAMESPACES]:
        yield f"  {name:<24}{_moved(each.before, each.after)}"
    if len(most_first) > _MAX_NAMESPACES:
        yield f"  and {len(most_first) - _MAX_NAMESPACES} namespaces more"


def _costs(costs: Costs) -> Iterator[str]:
    if costs.capacity:
        yield "\nRoom on the Nodes, by sums"
    for each in costs.capacity:
        yield f"  {each.selector or 'all':<24}{_capacity(each)}"
    if costs.wakeups:
        yield "\nAutoscalers that would wake"
    for wakeup in costs.wakeups:
        metric = wakeup.metric
        reads = (
            "its Pods' usage is not known"
            if wakeup.utilization is None
            else f"they would read {wakeup.utilization}%"
        )
        yield f"  {wakeup.autoscaler.ref}: scales at {metric.target}% of {metric.resource}, {reads}"


def _capacity(capacity: NodeCapacity) -> str:
    amounts = (capacity.requested, capacity.added, capacity.allocatable)
    said = [
        "{} {} + {} of {}".format(each, *(short(part, each) for part in amounts)) for each in QOS_RESOURCES
    ]
    warned = f"  NOT ENOUGH {', '.join(capacity.shortages)}" if capacity.shortages else ""
    full = f"  too full for the DaemonSets: {', '.join(capacity.full_nodes)}" if capacity.full_nodes else ""
    return f"{pluralize(capacity.nodes, 'Node')}: {', '.join(said)}{warned}{full}"


def _moved(before: Amounts, after: Amounts) -> str:
    return ", ".join(f"{each} {short(before, each)} to {short(after, each)}" for each in QOS_RESOURCES)


def _cells(row: Row) -> tuple[str, ...]:
    owner = f"{row.owner.kind.lower()}/{row.owner.name}"
    return (row.finding, row.owner.namespace, owner, pods_of(row), what(row.verdict.items, row.finding))
