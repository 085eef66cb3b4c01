"""What sizes would have meant: the first part of a window recommends, the last part judges. Pure.

Usage above a limit of today was never seen: what is counted of throttling and kills is the least.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum

from msgspec import Struct

from webhook.model.names import QOS_RESOURCES
from webhook.model.subject import ContainerKind
from webhook.recommend.history import Histories, finite, measured_in, split
from webhook.recommend.others import Past, krr_simple, p95_alone, vpa_target
from webhook.recommend.owner import OwnerState, Size
from webhook.recommend.recommend import RulesOf, recommend
from webhook.recommend.rules import Rules
from webhook.usage.measured import ContainerOfPod, Measured, NamespaceUsage, Window

Sizes = Mapping[str, Mapping[str, Size]]
"""By container and resource."""
_HOUR = 3600.0
_MINUTE = 60.0
JUDGED = 0.3
"""The share of the window that judges: of a week two days, and five recommend."""


class By(StrEnum):
    """Whose sizes."""

    PRESENT = "as it stands"
    PODTAILOR = "podtailor"
    KRR_SIMPLE = "krr simple"
    VPA_TARGET = "vpa target"
    P95_ALONE = "P95 alone"


class Outcome(Struct, frozen=True, kw_only=True):
    """What sizes would have meant for all Pods of an owner in the judged part."""

    by: By
    sizes: Sizes
    kills: int = 0
    """How often memory rose above its limit, or an OOM kill happened at a limit as high."""
    killed: str = ""
    """The Pod and container of the first of them."""
    over_memory_limit: float = 0.0
    """Minutes."""
    over_cpu_limit: float = 0.0
    """Minutes: throttled."""
    over_cpu_request: float = 0.0
    """Minutes in which it depended on what its Node had left."""
    cpu_hours: float = 0.0
    """Of requests, in CPUs x hours."""
    memory_hours: float = 0.0
    """Of requests, in Gi x hours."""

    def has_sizes_of(self, other: Outcome) -> bool:
        """Whether its rule gives the same sizes, as one with too little data keeps the present ones."""
        return all(
            mine.get(resource, Size()) == other.sizes[container].get(resource, Size())
            for container, mine in self.sizes.items()
            for resource in QOS_RESOURCES
        )


class Backtest(Struct, frozen=True, kw_only=True):
    learned: Window
    judged: Window
    outcomes: tuple[Outcome, ...]
    """As it stands, then podtailor, then the others."""


def backtest(
    usage: NamespaceUsage,
    histories: Histories,
    owner: OwnerState,
    rules: Rules | RulesOf,
    judged: float = JUDGED,
) -> Backtest:
    """`usage` and `histories` are of the same window."""
    names = [each.name for each in owner.containers if each.kind is not ContainerKind.INIT]
    own = {
        key: each
        for key, each in sorted(histories.items())
        if usage.owner(key.pod) == owner.ref and key.container in names
    }
    learned, past, window, future = split(usage.window, own, 1 - judged)
    outcomes = []
    for by, sizes in _candidates(usage, learned, past, owner, rules):
        outcomes.append(_judged(by, sizes, window, future, usage))
    return Backtest(learned=learned, judged=window, outcomes=tuple(outcomes))


def _candidates(
    usage: NamespaceUsage, window: Window, past: Histories, owner: OwnerState, rules: Rules | RulesOf
) -> Iterator[tuple[By, Sizes]]:
    containers = [each for each in owner.containers if each.kind is not ContainerKind.INIT]
    yield By.PRESENT, {each.name: each.sizes for each in containers}
    known = measured_in(window, past, usage, Rules().cpu_quantile)
    found = recommend(lambda each: measured_in(window, past, usage, each.cpu_quantile), owner, rules)
    yield (
        By.PODTAILOR,
        {
            each.container: {resource: advice.after for resource, advice in each.advice.items()}
            for each in found
        },
    )
    for by, rule in ((By.KRR_SIMPLE, krr_simple), (By.VPA_TARGET, vpa_target), (By.P95_ALONE, p95_alone)):
        yield (
            by,
            {
                each.name: rule(
                    Past(
                        window=window,
                        histories={key: one for key, one in past.items() if key.container == each.name},
                        usage=known,
                        present=each.sizes,
                        containers=len(containers),
                    )
                )
                for each in containers
            },
        )


def _judged(by: By, sizes: Sizes, window: Window, future: Histories, usage: NamespaceUsage) -> Outcome:
    kills, killed = 0, ""
    over_memory = over_limit = over_request = cpu_hours = memory_hours = 0.0
    minutes = window.step / _MINUTE
    for key, each in future.items():
        cpu, memory = (sizes[key.container].get(name, Size()) for name in ("cpu", "memory"))
        mine = _kills(each.memory, memory.limit) or _happened(key, usage, window, memory.limit)
        kills, killed = kills + mine, killed or (f"{key.pod} {key.container}" if mine else "")
        over_memory += minutes * _count(each.memory, memory.limit)
        over_limit += minutes * _count(each.cpu, cpu.limit)
        over_request += minutes * _count(each.cpu, cpu.request or 0)
        hours = max(len(finite(each.cpu)), len(finite(each.memory))) * window.step / _HOUR
        cpu_hours += hours * (cpu.request or 0) / 1000
        memory_hours += hours * (memory.request or 0) / (2**30 * 1000)
    return Outcome(
        by=by,
        sizes=sizes,
        kills=kills,
        killed=killed,
        over_memory_limit=over_memory,
        over_cpu_limit=over_limit,
        over_cpu_request=over_request,
        cpu_hours=cpu_hours,
        memory_hours=memory_hours,
    )


def _count(series: tuple[float, ...], bound: int | None) -> int:
    """The steps above it; NaN is above nothing."""
    return 0 if bound is None else sum(value > bound for value in series)


def _kills(memory: tuple[float, ...], limit: int | None) -> int:
    """How often it rose above the limit: after a kill it starts again below."""
    if limit is None:
        return 0
    above = [value > limit for value in memory]
    return sum(now and not before for before, now in zip([False, *above], above, strict=False))


def _happened(key: ContainerOfPod, usage: NamespaceUsage, window: Window, limit: int | None) -> int:
    """An OOM kill in the judged part, whose peak no sample shows: a limit as low is no better."""
    measured = usage.containers.get(key, Measured())
    at, was = measured.oom_killed_at, measured.memory_limit
    is_late = at is not None and window.begin < at <= window.end
    return int(is_late and limit is not None and was is not None and limit <= was)
