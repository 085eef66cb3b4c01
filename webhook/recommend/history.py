"""A part of the past: the series of its window, and what was measured in it. Pure.

Series hold one value a step, in thousandths, and NaN where nothing was measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from msgspec import structs

from webhook.usage.measured import (
    ContainerOfPod,
    History,
    Measured,
    NamespaceUsage,
    Peak,
    Window,
)

Histories = Mapping[ContainerOfPod, History]


def split(window: Window, histories: Histories, share: float) -> tuple[Window, Histories, Window, Histories]:
    """The first part of the window, `share` of its steps, and the rest."""
    steps = round(window.steps * share)
    at = window.begin + steps * window.step
    first = {
        key: History(cpu=each.cpu[:steps], memory=each.memory[:steps]) for key, each in histories.items()
    }
    last = {key: History(cpu=each.cpu[steps:], memory=each.memory[steps:]) for key, each in histories.items()}
    return window._replace(end=at), first, window._replace(begin=at), last


def measured_in(
    window: Window, histories: Histories, usage: NamespaceUsage, quantile_milli: int
) -> NamespaceUsage:
    """What a source would have answered at the end of the window.

    `usage` is of the whole time: of it come owners, limits, and kills that happened by then. The share of
    throttled periods is not known by the step, so it is left out.
    """
    containers = {
        key: found
        for key, each in histories.items()
        if (found := _measured(window, each, usage.containers.get(key, Measured()), quantile_milli))
    }
    return structs.replace(usage, window=window, containers=containers)


def _measured(window: Window, history: History, whole: Measured, quantile_milli: int) -> Measured | None:
    ran = [at for at, _ in (*_values(history.cpu), *_values(history.memory))]
    if not ran:
        return None
    cpu = [value for _, value in _values(history.cpu)]
    killed = whole.oom_killed_at
    return Measured(
        cpu_quantile=round(quantile(cpu, quantile_milli / 1000)) if cpu else None,
        cpu_peak=_peak(window, history.cpu),
        memory_peak=_peak(window, history.memory),
        cpu_limit=whole.cpu_limit,
        memory_limit=whole.memory_limit,
        points=min(len(each) for each in (cpu, [*_values(history.memory)]) if each),
        first=window.begin + min(ran) * window.step,
        last=window.begin + max(ran) * window.step,
        oom_killed_at=killed if killed is not None and killed <= window.end else None,
    )


def _peak(window: Window, series: Sequence[float]) -> Peak | None:
    """The first of the highest."""
    highest = max(_values(series), key=lambda each: (each[1], -each[0]), default=None)
    if highest is None:
        return None
    at, value = highest
    return Peak(math.ceil(value), window.begin + (at + 1) * window.step)


def _values(series: Sequence[float]) -> Iterator[tuple[int, float]]:
    """Each with its step."""
    return ((at, value) for at, value in enumerate(series) if math.isfinite(value))


def finite(series: Sequence[float]) -> list[float]:
    return [value for value in series if math.isfinite(value)]


def quantile(values: Sequence[float], share: float) -> float:
    """Between two values in proportion, as `quantile_over_time` (Prometheus `promql/quantile.go`)."""
    ordered = sorted(values)
    rank = share * (len(ordered) - 1)
    below = math.floor(rank)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (rank - below)
