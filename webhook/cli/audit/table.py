"""The audit as tables: totals, then owners, worst first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rich.text import Text

from webhook.audit.costs.autoscalers import Wakeup
from webhook.audit.costs.capacity import NodeCapacity
from webhook.audit.costs.costs import Costs
from webhook.audit.enforcement import EXPORTING
from webhook.audit.findings import Finding
from webhook.audit.reports.headline import headline_of
from webhook.audit.reports.wording import brief, pods_of, policies_of, qos_change, short
from webhook.audit.summary import Row, Summary, Total
from webhook.cli.common.output import pluralize
from webhook.cli.common.tables import Column, print_table
from webhook.cli.common.terminal import console, print_sentence

_STYLES = {
    Finding.NOT_JUDGED: "red",
    Finding.VIOLATION: "red",
    Finding.SLIPPED_THROUGH: "red",
    Finding.WRONG_ARCH: "red",
    Finding.DRIFTED: "yellow",
    Finding.CONFLICT: "yellow",
    Finding.UNDERSIZED: "yellow",
    Finding.OVERSIZED: "cyan",
    Finding.WOULD_CHANGE: "cyan",
    Finding.STOPPED_BY_IMAGE: "yellow",
    Finding.ARCH_UNKNOWN: "dim",
    Finding.WOULD_RUN: "green",
    Finding.SKIPPED: "dim",
    Finding.PASS: "green",
}
_MAX_NAMESPACES = 10
_MAX_ROWS_WITHOUT_CHANGES = 20
_MAX_NODES = 5


def show(summary: Summary, costs: Costs, totals: dict[str, Any], *, with_diff: bool, wide: bool) -> None:
    out = console()
    if totals["interrupted"]:
        print_sentence(Text("The audit was interrupted: this covers only what it had read.", style="red"))
    for note in totals["notes"]:
        print_sentence(Text(note, style="yellow"))
    print_sentence(Text(f"{headline_of(summary)}.", style="bold"))
    for count in _counts(summary):
        print_sentence(count)
    _show_requests(summary, wide=wide)
    _show_capacity(costs.capacity, wide=wide)
    _show_wakeups(costs.wakeups)
    rows = _listed(summary.rows, wide=wide)
    if rows:
        out.print()
        print_table(OWNERS, rows, wide=wide)
    omitted = len(summary.rows) - summary.owners[Finding.PASS] - len(rows)
    if omitted:
        print_sentence(Text(f"{omitted} owners without changes are not listed: -o wide lists them."))
    for row in rows:
        if with_diff and row.verdict.diff:
            out.print(Text(f"\n{row.owner}", style="bold"))
            for line in row.verdict.diff.splitlines():
                out.print(Text(line, style={"+": "green", "-": "red"}.get(line[:1], "")))


def _listed(rows: Sequence[Row], *, wide: bool) -> list[Row]:
    """Without those that pass, and without many of those that change nothing: the counts give the reasons."""
    listed = [row for row in rows if row.finding is not Finding.PASS]
    if wide or sum(map(_changes_nothing, listed)) <= _MAX_ROWS_WITHOUT_CHANGES:
        return listed
    return [row for row in listed if not _changes_nothing(row)]


def _changes_nothing(row: Row) -> bool:
    return row.finding in (Finding.WOULD_RUN, Finding.SKIPPED) or row.verdict.is_without_effect


def _counts(summary: Summary) -> Iterator[Text]:
    for finding in summary.known:
        owners, pods = summary.owners[finding], summary.pods[finding]
        if owners:
            counts = f"{pluralize(owners, 'owner'):<12}{pluralize(pods, 'live Pod') if pods else '':<15}"
            details = ", ".join(_details(summary, finding))
            yield Text(f"  {finding:<17}{counts}{details}".rstrip(), style=_STYLES[finding])
    if not summary.tailors.keys().isdisjoint(EXPORTING):  # else whether there is a webhook says it all
        counts = ", ".join(f"{count} by {tailor}" for tailor, count in summary.tailors.items())
        yield Text(
            f"  New Pods are tailored: {counts}, of {pluralize(sum(summary.tailors.values()), 'owner')}"
        )
    for change, count in summary.qos.most_common():
        yield Text(f"  QoS class: {pluralize(count, 'Pod')} from {change}")


def _details(summary: Summary, finding: Finding) -> Iterator[str]:
    if finding is Finding.SKIPPED:
        yield from (f"{count} {reason}" for reason, count in summary.skips.most_common())
    elif finding is Finding.WOULD_CHANGE and summary.without_effect:
        yield f"{summary.without_effect} without effect"


def _show_requests(summary: Summary, *, wide: bool) -> None:
    changed = [(name, each) for name, each in summary.namespaces.items() if each.before != each.after]
    if not changed:
        return
    console().print("\nRequests before and after")
    changed.sort(key=lambda each: (each[1].before["cpu"] - each[1].after["cpu"], each[0]))
    shown = changed if wide else changed[:_MAX_NAMESPACES]
    print_table(_REQUESTS, shown, wide=wide)
    if len(changed) > len(shown):
        console().print(f"and {len(changed) - len(shown)} more namespaces, which -o wide lists")


def _show_capacity(capacity: Sequence[NodeCapacity], *, wide: bool) -> None:
    if not capacity:
        return
    console().print("\nNode capacity, as totals: requested + added of allocatable")
    print_table(_CAPACITY, capacity, wide=wide)
    for each in capacity:
        if each.full_nodes:
            names = ", ".join(each.full_nodes if wide else each.full_nodes[:_MAX_NODES])
            more = len(each.full_nodes) - _MAX_NODES
            rest = f" and {more} more" if more > 0 and not wide else ""
            print_sentence(Text(f"{_nodes(each)}: DaemonSet Pods do not fit on {names}{rest}", style="red"))


def _show_wakeups(wakeups: Iterable[Wakeup]) -> None:
    wakeups = [*wakeups]
    if wakeups:
        console().print("\nAutoscalers that would become active")
    for wakeup in wakeups:
        metric = wakeup.metric
        usage = "unknown" if wakeup.utilization is None else f"{wakeup.utilization}%"
        sentence = (
            f"  {wakeup.autoscaler.ref}: target {metric.target}% of {metric.resource}, "
            f"usage relative to new requests {usage}"
        )
        print_sentence(Text(sentence))


def _nodes(capacity: NodeCapacity) -> str:
    return capacity.selector or "all Nodes"


def _capacity(capacity: NodeCapacity, resource: str) -> str:
    amounts = (capacity.requested, capacity.added, capacity.allocatable)
    return "{} + {} of {}".format(*(short(part, resource) for part in amounts))


def _before_and_after(total: Total, resource: str) -> str:
    return f"{short(total.before, resource)} to {short(total.after, resource)}"


_REQUESTS: tuple[Column, ...] = (
    Column(title="NAMESPACE", cell=lambda row: row[0], enough=20),
    Column(title="CPU", cell=lambda row: _before_and_after(row[1], "cpu")),
    Column(title="MEMORY", cell=lambda row: _before_and_after(row[1], "memory")),
)
_CAPACITY: tuple[Column, ...] = (
    Column(title="NODES", cell=_nodes, enough=20),
    Column(title="COUNT", cell=lambda each: str(each.nodes), drops=1),
    Column(title="CPU", cell=lambda each: _capacity(each, "cpu")),
    Column(title="MEMORY", cell=lambda each: _capacity(each, "memory")),
    Column(title="NOT ENOUGH", cell=lambda each: Text(",".join(each.shortages), style="red")),
)
OWNERS: tuple[Column, ...] = (
    Column(
        title="FINDING",
        about="the worst of the owner's template and live Pods",
        cell=lambda row: Text(row.finding, _STYLES[row.finding]),
    ),
    Column(title="NAMESPACE", about="of the owner", cell=lambda row: row.owner.namespace, enough=15),
    Column(
        title="OWNER",
        about="what makes the Pods, or a Pod without an owner",
        cell=lambda row: f"{row.owner.kind.lower()}/{row.owner.name}",
        enough=22,
    ),
    Column(
        title="PODS",
        about="live Pods with this finding / all live Pods of the owner",
        cell=pods_of,
    ),
    Column(
        title="WHAT",
        about="what one new Pod would get (the sentence above counts all Pods): "
        "requests of cpu and memory, as +100m +256Mi, limits, other fields; "
        "without effect: only a resizePolicy that is the default; or the reason; in a conflict both "
        "values, first that of the policy that takes precedence; what is and "
        "what usage asks for, as app memory 1Gi -> 2Gi",
        cell=lambda row: brief(row.verdict),
        enough=26,
    ),
    Column(
        title="POLICIES",
        about="whose values these are",
        cell=lambda row: policies_of(row.verdict),
        enough=12,
        drops=1,
    ),
    Column(title="TYPES", about="workload types", cell=lambda row: ",".join(row.verdict.types), is_wide=True),
    Column(
        title="QOS CLASS",
        about="before and after, if it changes",
        cell=lambda row: qos_change(row.verdict),
        is_wide=True,
    ),
    Column(
        title="TAILORED BY",
        about="what tailors new Pods: webhook, exported policy, both or nobody",
        cell=lambda row: row.verdict.tailor or "",
        is_wide=True,
    ),
    Column(
        title="PLACE",
        about="file, line and column of a manifest",
        cell=lambda row: str(row.place or ""),
        is_wide=True,
    ),
)
