"""Findings and amounts in a few words, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from webhook.audit.findings import SIZES, Amounts, Finding, Item, Verdict
from webhook.audit.summary import Row
from webhook.model.names import QOS_RESOURCES
from webhook.model.quantity import of_milli
from webhook.model.text import value_text


def brief(verdict: Verdict) -> str:
    """The finding in a few words, without policies: what a new Pod gets, as `+100m +256Mi, tolerations`.

    The amounts are what it requests more than now: cpu and memory, others with their names. What usage asks
    for is `app memory 1Gi -> 2Gi`.
    """
    items = [item for item in verdict.items if item.finding is verdict.finding]
    if verdict.finding in SIZES:
        return ", ".join(map(_size, items))
    if verdict.finding not in (Finding.WOULD_CHANGE, Finding.SLIPPED_THROUGH):
        return "; ".join(dict.fromkeys(map(short_item, items)))
    sides = {
        "requests": (verdict.before.requests, verdict.after.requests),
        "limits": (verdict.before.limits, verdict.after.limits),
    }
    amounts = {side: " ".join(_more(*before_and_after)) for side, before_and_after in sides.items()}
    parts = [amounts["requests"], amounts["limits"] and f"limits {amounts['limits']}"]
    changed = dict.fromkeys(map(_changed, items))
    parts += [each for each in changed if not amounts.get(each)]
    text = ", ".join(filter(None, parts))
    return f"without effect: {text}" if verdict.is_without_effect else text


def _size(item: Item) -> str:
    """As `app memory 1Gi -> 2Gi`."""
    container, _, field = item.field.partition(":")
    side, _, resource = field.partition(".")
    limit = " limit" if side == "limits" else ""
    return f"{container} {resource}{limit} {item.before or '-'} -> {item.after}"


def _more(before: Amounts, after: Amounts) -> Iterator[str]:
    more = {resource: amount - before.get(resource, 0) for resource, amount in after.items()}
    both = all(more.get(resource) for resource in QOS_RESOURCES)
    for resource in (*QOS_RESOURCES, *sorted({*more} - {*QOS_RESOURCES})):
        if milli := more.get(resource):
            name = "" if both and resource in QOS_RESOURCES else f" {resource}"
            yield f"{'-' if milli < 0 else '+'}{of_milli(abs(milli))}{name}"


def _changed(item: Item) -> str:
    """As `requests` or `nodeSelector`: --diff shows which container, and whether it is cpu or memory."""
    return item.field.partition(":")[2].partition(".")[0]


def policies_of(verdict: Verdict) -> str:
    """Those of its worst finding."""
    policies = dict.fromkeys(item.policy for item in verdict.items if item.finding is verdict.finding)
    return ",".join(filter(None, policies))


def what(items: Iterable[Item], finding: Finding) -> str:
    """The items of the given finding in one line, by policy."""
    by_policy: dict[str, dict[str, None]] = {}
    for item in items:
        if item.finding is finding:
            policy = "" if item.finding is Finding.CONFLICT else item.policy  # which names both
            by_policy.setdefault(policy, {})[short_item(item)] = None
    return "; ".join(
        f"{policy}: {', '.join(each)}" if policy else ", ".join(each) for policy, each in by_policy.items()
    )


def short_item(item: Item) -> str:
    match item.finding:
        case Finding.SKIPPED | Finding.NOT_JUDGED | Finding.WOULD_RUN:
            return item.why
        case Finding.WRONG_ARCH | Finding.STOPPED_BY_IMAGE | Finding.ARCH_UNKNOWN:
            return f"{item.field.partition(':')[0]}: {item.why}"
        case Finding.VIOLATION:
            return f"{item.field}: {item.why}"
        case Finding.CONFLICT:
            values = ((item.winner, item.winning_value), (item.policy, item.value))
            return f"{item.field}: " + ", ".join(f"{policy} {value_text(value)}" for policy, value in values)
        case Finding.UNDERSIZED | Finding.OVERSIZED:
            return f"{item.field} is {item.before or 'unset'}, needs {item.after}"
        case Finding.DRIFTED:
            return f"{item.field} is {item.before}, should be {item.after or 'unset'}"
        case _:
            return _changed(item)


def qos_change(verdict: Verdict) -> str:
    """As `BestEffort to Burstable`; empty if the class stays."""
    qos = verdict.qos
    return f"{qos.before} to {qos.after}" if qos and qos.before is not qos.after else ""


def pods_of(row: Row) -> str:
    """The live Pods of an owner: "2/6" if 2 of 6 have its finding; empty if it has none."""
    pods = sum(row.pods.values())
    return f"{row.pods.get(row.finding, 0)}/{pods}" if pods else ""


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
    """With a sign: `+6.2 CPU`, `-256 MiB`."""
    return f"{'-' if milli < 0 else '+'}{amount(abs(milli), resource)}"


def amount(milli: int, resource: str) -> str:
    """With a unit for readers: `6.2 CPU`, `256 MiB`; `0`."""
    if not milli:
        return "0"
    number = milli / 1000
    if resource == "cpu":
        return f"{_three(number)} CPU"
    unit = next((each for each in _BINARY if number < _THREE_DIGITS * _BINARY[each]), "PiB")
    return f"{_three(number / _BINARY[unit])} {unit}"


_BINARY = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40, "PiB": 2**50}
