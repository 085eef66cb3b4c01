"""Requests before and after, as numbers and the lengths of their bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct

from webhook.audit.reports.wording import short
from webhook.audit.summary import Summary, Total

MAX_BARS = 12
"""Of one chart; the rest are added up in one more."""
_TITLES = {"cpu": "CPU requests in cores", "memory": "Memory requests"}


class Bar(Struct, frozen=True):
    amount: str
    percent: float
    """Of the longest bar of the chart."""


class Chart(Struct, frozen=True):
    title: str
    group: str
    """What each row is."""
    rows: dict[str, tuple[Bar, Bar]]
    """By name: before and after."""


def charts(summary: Summary) -> Iterator[Chart]:
    for group, totals in (("Namespace", summary.namespaces), ("Workload type", summary.types)):
        shown = _largest(totals)
        for resource in _TITLES if shown else ():
            yield _chart(group, shown, resource)


def _chart(group: str, totals: Mapping[str, Total], resource: str) -> Chart:
    longest = max(max(each.before[resource], each.after[resource]) for each in totals.values()) or 1
    return Chart(
        f"{_TITLES[resource]}, by {group.lower()}",
        group,
        {
            name: (_bar(each.before, resource, longest), _bar(each.after, resource, longest))
            for name, each in totals.items()
        },
    )


def _bar(amounts: Mapping[str, int], resource: str, longest: int) -> Bar:
    return Bar(short(amounts, resource), round(100 * amounts.get(resource, 0) / longest, 1))


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
