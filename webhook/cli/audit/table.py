"""The audit as a table: totals, then owners, worst first."""

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
        out.print(Text("The audit was interrupted: this covers only what it had read.", style="red"))
    for note in totals["notes"]:
        out.print(Text(note, style="yellow"))
    for line in (*_counts(summary), *_requests(summary), *_costs(costs)):
        out.print(line)
    rows = [row for row in summary.rows if row.finding is not Finding.PASS]
    skipped = [row for row in rows if row.finding is Finding.SKIPPED]
    if len(skipped) > _MAX_SKIPPED:  # the counts give the reasons
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
            skips = summary.skips.most_common() if finding is Finding.SKIPPED else ()
            reasons = ", ".join(f"{count} {reason}" for reason, count in skips)
            counts = f"{pluralize(owners, 'owner'):<12}{pluralize(pods, 'Pod') if pods else '':<10}"
            yield Text(f"  {finding:<17}{counts}{reasons}".rstrip(), style=_STYLES[finding])
    for change, count in summary.qos.most_common():
        yield Text(f"  QoS class: {pluralize(count, 'Pod')} from {change}")


def _requests(summary: Summary) -> Iterator[str]:
    changed = {name: each for name, each in summary.namespaces.items() if each.before != each.after}
    if changed:
        yield "\nRequests before and after"
    largest_first = sorted(
        changed.items(), key=lambda each: (each[1].before["cpu"] - each[1].after["cpu"], each[0])
    )
    for name, each in largest_first[:_MAX_NAMESPACES]:
        yield f"  {name:<24}{_before_and_after(each.before, each.after)}"
    if len(largest_first) > _MAX_NAMESPACES:
        yield f"  and {len(largest_first) - _MAX_NAMESPACES} more namespaces"


def _costs(costs: Costs) -> Iterator[str]:
    if costs.capacity:
        yield "\nNode capacity, as totals"
    for each in costs.capacity:
        yield f"  {each.selector or 'all Nodes':<24}{_capacity(each)}"
    if costs.wakeups:
        yield "\nAutoscalers that would become active"
    for wakeup in costs.wakeups:
        metric = wakeup.metric
        usage = "unknown" if wakeup.utilization is None else f"{wakeup.utilization}%"
        yield (
            f"  {wakeup.autoscaler.ref}: target {metric.target}% of {metric.resource}, "
            f"usage relative to new requests {usage}"
        )


def _capacity(capacity: NodeCapacity) -> str:
    amounts = (capacity.requested, capacity.added, capacity.allocatable)
    by_resource = [
        "{} {} + {} of {}".format(each, *(short(part, each) for part in amounts)) for each in QOS_RESOURCES
    ]
    shortages = f"  NOT ENOUGH {', '.join(capacity.shortages)}" if capacity.shortages else ""
    full = f"  DaemonSet Pods do not fit on {', '.join(capacity.full_nodes)}" if capacity.full_nodes else ""
    return f"{pluralize(capacity.nodes, 'Node')}: {', '.join(by_resource)}{shortages}{full}"


def _before_and_after(before: Amounts, after: Amounts) -> str:
    return ", ".join(f"{each} {short(before, each)} to {short(after, each)}" for each in QOS_RESOURCES)


def _cells(row: Row) -> tuple[str, ...]:
    owner = f"{row.owner.kind.lower()}/{row.owner.name}"
    return (row.finding, row.owner.namespace, owner, pods_of(row), what(row.verdict.items, row.finding))
