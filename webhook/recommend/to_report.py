"""Recommendations and backtests as the report of an audit shows them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from webhook.audit.findings import Finding, Item
from webhook.audit.reports.plots import Plot, busiest, plot
from webhook.audit.reports.usage import MAX_OWNERS, NamespaceUse, OwnerUse, Trial, UsageReport
from webhook.audit.reports.wording import short_item
from webhook.audit.summary import Total
from webhook.model.names import QOS_RESOURCES
from webhook.recommend.backtest import Backtest
from webhook.recommend.history import Histories
from webhook.recommend.reasons import moment
from webhook.recommend.recommend import Recommendation
from webhook.recommend.to_findings import findings
from webhook.usage.measured import NamespaceUsage
from webhook.workloads.workload import Ref


class Sized(Struct, frozen=True):
    """An owner, and what is recommended for its containers."""

    owner: Ref
    pods: int
    found: Sequence[Recommendation]

    @property
    def items(self) -> list[Item]:
        return list(findings(self.found))

    @property
    def requests(self) -> Total:
        """Of all its Pods."""
        total = Total(pods=self.pods)
        for each in self.found:
            for resource, advice in each.advice.items():
                total.before[resource] += self.pods * (advice.before.request or 0)
                total.after[resource] += self.pods * (advice.after.request or 0)
        return total


class Builder:
    """Takes the owners at once, and their past one after the other: it keeps that of the largest only."""

    def __init__(self, sized: Iterable[Sized]) -> None:
        self._namespaces: dict[str, NamespaceUse] = {}
        owners = []
        for each in sized:
            self._namespaces.setdefault(each.owner.namespace, NamespaceUse()).join(_use(each))
            if each.items:
                owners.append(each)
        self._count = len(owners)
        self._largest = {each.owner: each for each in _largest(owners)}
        self._plots: dict[Ref, tuple[Plot, ...]] = {}
        self._trials: dict[Ref, tuple[Trial, ...]] = {}
        self._window: Backtest | None = None

    def add(self, owner: Ref, tried: Backtest, usage: NamespaceUsage, histories: Histories) -> None:
        """What its sizes would have meant, and what it used. `histories`: of its namespace."""
        trials = tuple(_trials(tried))
        self._namespaces[owner.namespace].add(trials)
        self._window = self._window or tried
        if owner in self._largest:
            self._trials[owner] = trials
            self._plots[owner] = tuple(_plots(self._largest[owner], usage, histories))

    def report(self, untried: Iterable[str] = ()) -> UsageReport:
        window = self._window
        return UsageReport(
            begin=moment(window.learned.begin) if window else "",
            judged=moment(window.judged.begin) if window else "",
            end=moment(window.judged.end) if window else "",
            split=_split(window) if window else 0.0,
            namespaces=self._namespaces,
            owners=[
                OwnerUse(
                    owner=ref,
                    pods=each.pods,
                    reasons=tuple(f"{short_item(item)}: {item.why}" for item in each.items),
                    requests=each.requests,
                    plots=self._plots.get(ref, ()),
                    trials=self._trials.get(ref, ()),
                )
                for ref, each in self._largest.items()
            ],
            sized=self._count,
            untried=tuple(untried),
        )


def _use(sized: Sized) -> NamespaceUse:
    use = NamespaceUse(requests=sized.requests)
    too_small = {item.field.partition(":")[0] for item in sized.items if item.finding is Finding.UNDERSIZED}
    use.undersized = len(too_small)
    for each in sized.found:
        for resource, advice in each.advice.items():
            more = sized.pods * ((advice.after.request or 0) - (advice.before.request or 0))
            use.above[resource] += max(0, -more)
            use.below[resource] += max(0, more)
    return use


def _largest(owners: Sequence[Sized]) -> list[Sized]:
    """By their share of all that is to change, limits that are too low included."""
    amounts = {each.owner: {name: _difference(each, name) for name in QOS_RESOURCES} for each in owners}
    totals = {name: sum(each[name] for each in amounts.values()) or 1 for name in QOS_RESOURCES}
    return sorted(
        owners,
        key=lambda each: (
            -sum(amounts[each.owner][name] / totals[name] for name in QOS_RESOURCES),
            str(each.owner),
        ),
    )[:MAX_OWNERS]


def _difference(sized: Sized, resource: str) -> int:
    return sized.pods * sum(
        max(
            abs((advice.after.request or 0) - (advice.before.request or 0)),
            (advice.after.limit or 0) - (advice.before.limit or advice.after.limit or 0),
        )
        for advice in (each.advice[resource] for each in sized.found)
    )


def _trials(tried: Backtest) -> Iterable[Trial]:
    present = tried.outcomes[0]
    for each in tried.outcomes:
        yield Trial(
            by=each.by,
            is_change=not each.has_sizes_of(present),
            kills=each.kills,
            throttled=each.over_cpu_limit,
            cpu_hours=present.cpu_hours - each.cpu_hours,
            memory_hours=present.memory_hours - each.memory_hours,
        )


def _plots(sized: Sized, usage: NamespaceUsage, histories: Histories) -> Iterable[Plot]:
    """Of the containers with a finding; the curve is at each step that of the busiest Pod."""
    changed = {item.field.partition(":")[0] for item in sized.items}
    for each in sized.found:
        mine = [
            history
            for key, history in sorted(histories.items())
            if key.container == each.container and usage.owner(key.pod) == sized.owner
        ]
        for resource, advice in each.advice.items() if each.container in changed else ():
            made = plot(
                each.container,
                resource,
                busiest(one.cpu if resource == "cpu" else one.memory for one in mine),
                (advice.before.request, advice.after.request),
                (advice.before.limit, advice.after.limit),
            )
            if made:
                yield made


def _split(tried: Backtest) -> float:
    whole = tried.judged.end - tried.learned.begin
    return (tried.judged.begin - tried.learned.begin) / whole
