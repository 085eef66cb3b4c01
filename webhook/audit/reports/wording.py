"""Findings and amounts in a few words, for people."""

from __future__ import annotations

from collections.abc import Iterable

from webhook.audit.findings import Amounts, Finding, Item
from webhook.audit.summary import Row


def what(items: Iterable[Item], finding: Finding) -> str:
    """The items of the given finding in one line, by policy."""
    by_policy: dict[str, dict[str, None]] = {}
    for item in items:
        if item.finding is finding:
            by_policy.setdefault(item.policy, {})[_short_item(item)] = None
    return "; ".join(
        f"{policy}: {', '.join(each)}" if policy else ", ".join(each) for policy, each in by_policy.items()
    )


def _short_item(item: Item) -> str:
    match item.finding:
        case Finding.SKIPPED | Finding.NOT_JUDGED:
            return item.why
        case Finding.VIOLATION | Finding.CONFLICT:
            return f"{item.field}: {item.why}"
        case Finding.DRIFTED:
            return f"{item.field} is {item.before}, should be {item.after or 'unset'}"
        case _:  # --diff shows which container, and whether it is cpu or memory
            return item.field.partition(":")[2].partition(".")[0]


def pods_of(row: Row) -> str:
    """The live Pods of an owner: "2/6" if only 2 of 6 have its finding."""
    pods, as_bad = sum(row.pods.values()), row.pods.get(row.finding, 0)
    return f"{as_bad}/{pods}" if as_bad != pods else str(pods or "-")


def short(amounts: Amounts, resource: str) -> str:
    """To three digits: cores, or GiB and larger units."""
    if resource == "cpu":
        return _three(amounts.get(resource, 0) / 1000)
    units, size = ["Gi", "Ti", "Pi"], amounts.get(resource, 0) / 1000 / 2**30
    while size >= _THREE_DIGITS and len(units) > 1:
        size /= 1024
        units.pop(0)
    return f"{_three(size)}{units[0]}"


_THREE_DIGITS = 1000


def _three(number: float) -> str:
    return f"{number:.0f}" if number >= _THREE_DIGITS else f"{number:.3g}"


def added(milli: int, resource: str) -> str:
    """With a sign and a unit for readers: `+6.2 CPU`, `-256 MiB`."""
    sign, amount = "-" if milli < 0 else "+", abs(milli) / 1000
    if resource == "cpu":
        return f"{sign}{_three(amount)} CPU"
    unit = next((each for each in _BINARY if amount < _THREE_DIGITS * _BINARY[each]), "PiB")
    return f"{sign}{_three(amount / _BINARY[unit])} {unit}"


_BINARY = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50}
