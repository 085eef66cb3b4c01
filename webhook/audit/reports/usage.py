"""What a report says about usage: waste and risk by namespace, plots of owners, trials on the past.

Amounts are in thousandths: of a CPU, of a byte.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import msgspec
from msgspec import Struct

from webhook.audit.reports.charts import Comparison, comparisons
from webhook.audit.reports.plots import Plot
from webhook.audit.reports.wording import amount
from webhook.audit.summary import Total
from webhook.model.names import QOS_RESOURCES
from webhook.workloads.workload import Ref

MAX_OWNERS = 30
"""With plots: those whose sizes differ most from what they need."""
MAX_NAMESPACES = 20
"""The rest are added up in one more."""


class Trial(Struct, kw_only=True):
    """What the sizes of one rule would have meant in the last part of the window."""

    by: str
    is_change: bool = False
    """Whether these are other sizes than those that stand."""
    kills: int = 0
    throttled: float = 0.0
    """Minutes."""
    cpu_hours: float = 0.0
    """Saved of requests, against what stands; negative for what they cost."""
    memory_hours: float = 0.0
    """The same, in GiB x hours."""

    def join(self, other: Trial) -> None:
        self.is_change |= other.is_change
        self.kills += other.kills
        self.throttled += other.throttled
        self.cpu_hours += other.cpu_hours
        self.memory_hours += other.memory_hours


class NamespaceUse(Struct, kw_only=True):
    requests: Total = msgspec.field(default_factory=Total)
    """Of containers that were judged: what stands, and what is needed."""
    above: Counter[str] = msgspec.field(default_factory=Counter)
    """Requested and not needed, by resource."""
    below: Counter[str] = msgspec.field(default_factory=Counter)
    """Needed and not requested."""
    undersized: int = 0
    """Containers."""
    trials: list[Trial] = msgspec.field(default_factory=list)

    def join(self, other: NamespaceUse) -> None:
        self.requests.join(other.requests)
        self.above.update(other.above)
        self.below.update(other.below)
        self.undersized += other.undersized
        self.add(other.trials)

    def add(self, trials: Iterable[Trial]) -> None:
        """Rules in the same order each time."""
        known = {each.by: each for each in self.trials}
        for each in trials:
            if each.by not in known:
                known[each.by] = Trial(by=each.by)
                self.trials.append(known[each.by])
            known[each.by].join(each)

    @property
    def waste(self) -> str:
        """As `6.2 CPU, 14 GiB`; empty if nothing is requested that is not needed."""
        return _amounts(self.above)

    @property
    def risk(self) -> str:
        return _amounts(self.below)


class OwnerUse(Struct, frozen=True, kw_only=True):
    owner: Ref
    pods: int
    reasons: tuple[str, ...]
    """A sentence for each value that is too large or too small."""
    requests: Total
    plots: tuple[Plot, ...] = ()
    trials: tuple[Trial, ...] = ()

    @property
    def change(self) -> str:
        """As `8 to 1.9 CPU, 16 to 9 GiB`, of all its Pods."""
        before, after = self.requests.before, self.requests.after
        return ", ".join(
            f"{amount(before[each], each)} to {amount(after[each], each)}"
            for each in QOS_RESOURCES
            if before[each] != after[each]
        )


class NamespaceRow(Struct, frozen=True):
    name: str
    use: NamespaceUse
    bars: tuple[Comparison, ...]
    """For each of QOS_RESOURCES, as parts of the longest of all rows."""


class UsageReport(Struct, frozen=True, kw_only=True):
    begin: str = ""
    """Of the window, in UTC; empty if no source has a history."""
    judged: str = ""
    """From when on sizes by the time before are tried."""
    end: str = ""
    split: float = 0.0
    """Where that is in a plot, as a share of its width."""
    namespaces: Mapping[str, NamespaceUse] = {}
    owners: Sequence[OwnerUse] = ()
    """The largest differences first, at most MAX_OWNERS."""
    sized: int = 0
    """All owners with a size that is too large or too small."""
    untried: tuple[str, ...] = ()
    """Why namespaces have no trials."""

    @property
    def total(self) -> NamespaceUse:
        return _joined(self.namespaces.values())

    def rows(self) -> list[NamespaceRow]:
        """Those with the most to gain first, and all others as one."""
        total = self.total
        order = sorted(self.namespaces, key=lambda name: (-_weight(self.namespaces[name], total), name))
        uses = {name: self.namespaces[name] for name in order[:MAX_NAMESPACES]}
        others = order[MAX_NAMESPACES:]
        if others:
            uses[f"{len(others)} others"] = _joined(self.namespaces[name] for name in others)
        longest = (
            {
                resource: max(
                    max(each.requests.before[resource], each.requests.after[resource])
                    for each in uses.values()
                )
                for resource in QOS_RESOURCES
            }
            if uses
            else {}
        )
        return [NamespaceRow(name, use, comparisons(use.requests, longest)) for name, use in uses.items()]


def _joined(several: Iterable[NamespaceUse]) -> NamespaceUse:
    joined = NamespaceUse()
    for each in several:
        joined.join(each)
    return joined


def _weight(use: NamespaceUse, total: NamespaceUse) -> float:
    """The share of all that is too much or too little."""
    return sum(
        (use.above[each] + use.below[each]) / ((total.above[each] + total.below[each]) or 1)
        for each in QOS_RESOURCES
    )


def _amounts(amounts: Counter[str]) -> str:
    return ", ".join(amount(amounts[each], each) for each in QOS_RESOURCES if amounts[each])
