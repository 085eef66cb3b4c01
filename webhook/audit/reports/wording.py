"""Findings in a few words."""

from __future__ import annotations

from collections.abc import Iterable

from webhook.audit.findings import Amounts, Finding, Item


def what(items: Iterable[Item], finding: Finding) -> str:
    """The items of the headline, by policy, in one line."""
    told: dict[str, dict[str, None]] = {}
    for item in items:
        if item.finding is finding:
            told.setdefault(item.policy, {})[_short_item(item)] = None
    return "; ".join(
        f"{policy}: {', '.join(each)}" if policy else ", ".join(each) for policy, each in told.items()
    )


def _short_item(item: Item) -> str:
    match item.finding:
        case Finding.SKIPPED:
            return item.why
        case Finding.VIOLATION:
            return f"{item.field}: {item.why}"
        case Finding.DRIFTED:
            return f"{item.field} is {item.after}, not {item.before or 'left out'}"
        case _:  # which container, and which of cpu and memory: that is what --diff is for
            return item.field.partition(":")[2].partition(".")[0]


def short(amounts: Amounts, resource: str) -> str:
    """A sum for people: three digits are enough."""
    units = amounts.get(resource, 0) / 1000
    return f"{units:.3g}" if resource == "cpu" else f"{units / 2**30:.3g}Gi"
