"""Requests before and after, as numbers and the lengths of their bars."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec import Struct

from webhook.audit.costs.costs import Costs
from webhook.audit.findings import Amounts
from webhook.audit.reports.wording import added, amount
from webhook.audit.summary import Summary, Total
from webhook.model.names import QOS_RESOURCES

MAX_BARS = 10
"""Of one chart; the rest are added up in one more."""
_NAMES = {"cpu": "CPU", "memory": "Memory"}


class Comparison(Struct, frozen=True):
    """Lengths are percentages of the longest bar beside it."""

    before: str
    after: str
    added: str
    """Empty if both are the same."""
    before_length: float
    after_length: float

    @property
    def text(self) -> str:
        """As `0 to 5.8 CPU`."""
        number, _, unit = self.before.partition(" ")
        before = number if self.after.endswith(f" {unit}") else self.before
        return f"{before} to {self.after}" if self.added else self.after


class Chart(Struct, frozen=True):
    group: str
    """What each row is."""
    rows: dict[str, tuple[Comparison, ...]]
    """By name, for each of QOS_RESOURCES."""


class Meter(Struct, frozen=True):
    """A total of a resource, of what there is."""

    name: str
    comparison: Comparison
    allocatable: str
    """Of all Nodes; empty if unknown."""


def meters(summary: Summary, costs: Costs) -> list[Meter]:
    """Of all Pods audited, or of all Nodes if the whole cluster was."""
    total = Total()
    for each in summary.namespaces.values():
        total.join(each)
    before, after, allocatable = total.before, total.after, Counter[str]()
    if costs.capacity:
        nodes = costs.capacity[0]
        before, allocatable = Counter(nodes.requested), Counter(nodes.allocatable)
        after = Counter({key: before[key] + nodes.added.get(key, 0) for key in QOS_RESOURCES})
    return [
        Meter(
            _NAMES[key],
            _comparison(before[key], after[key], key, max(before[key], after[key], allocatable[key])),
            amount(allocatable[key], key) if allocatable else "",
        )
        for key in QOS_RESOURCES
    ]


def charts(summary: Summary) -> Iterator[Chart]:
    for group, totals in (("Namespace", summary.namespaces), ("Workload type", summary.types)):
        shown = _largest(totals)
        if shown:
            longest = {
                resource: max(max(each.before[resource], each.after[resource]) for each in shown.values())
                for resource in QOS_RESOURCES
            }
            yield Chart(group, {name: comparisons(each, longest) for name, each in shown.items()})


def comparisons(total: Total, longest: Amounts) -> tuple[Comparison, ...]:
    return tuple(
        _comparison(total.before[resource], total.after[resource], resource, longest[resource])
        for resource in QOS_RESOURCES
    )


def _comparison(before: int, after: int, resource: str, longest: int) -> Comparison:
    return Comparison(
        amount(before, resource),
        amount(after, resource),
        added(after - before, resource) if after != before else "",
        round(100 * before / (longest or 1), 1),
        round(100 * after / (longest or 1), 1),
    )


def _largest(totals: Mapping[str, Total]) -> dict[str, Total]:
    """Those that will request most memory, and all others as one."""
    largest_first = sorted(totals, key=lambda name: (-totals[name].after["memory"], name))
    shown = {name: totals[name] for name in largest_first[:MAX_BARS]}
    others = largest_first[MAX_BARS:]
    if others:
        rest = Total()
        for name in others:
            rest.join(totals[name])
        shown[f"{len(others)} others"] = rest
    return shown
