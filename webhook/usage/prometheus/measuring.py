"""From series to what each container used. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, structs

from webhook.model.notice import Notice
from webhook.usage.measured import ContainerOfPod, Measured, Peak, Window
from webhook.usage.prometheus.answers import QueryError, Series
from webhook.usage.prometheus.queries import chunk

Points = Sequence[tuple[float, float]]
ByContainer = Mapping[ContainerOfPod, Points]
# Of a life of two steps, a rate over one of them may be half of it.
_FEW_STEPS = 2


class Found(Struct, frozen=True, kw_only=True):
    """The points of all containers: one for each part of the window, or one of all of it."""

    memory: ByContainer
    """The highest of each part, in bytes."""
    cpu: ByContainer
    """The highest of each part, in cores."""
    steps: ByContainer
    """How many of each part have a rate."""
    cpu_quantile: ByContainer
    cpu_limit: ByContainer
    memory_limit: ByContainer
    killed: ByContainer
    """When, in seconds since 1970."""
    killed_before: ByContainer
    """When that was seen first."""
    throttled: ByContainer

    @property
    def short_lives(self) -> set[ContainerOfPod]:
        return {key for key, each in self.steps.items() if sum(steps for _, steps in each) <= _FEW_STEPS}

    def kills(self, window: Window) -> dict[ContainerOfPod, float]:
        """When, if in the window. One that was seen from its begin on, and has no date, is older."""
        since = window.begin + 2 * window.step
        return {
            **{
                key: value
                for key, ((_, value), *_) in self.killed_before.items()
                if value > since and key not in self.killed
            },
            **{key: value for key, ((_, value), *_) in self.killed.items() if value >= window.begin},
        }


def by_container(found: Iterable[Series]) -> dict[ContainerOfPod, list[tuple[float, float]]]:
    """Raises QueryError for a value that is no amount."""
    points: dict[ContainerOfPod, list[tuple[float, float]]] = {}
    for series in found:
        for _, value in series.points:
            if not (math.isfinite(value) and value >= 0):
                raise QueryError(Notice("unexpected-answer", f"{dict(series.labels)} has the value {value}"))
        key = ContainerOfPod(series.labels.get("pod", ""), series.labels.get("container", ""))
        points.setdefault(key, []).extend(series.points)
    return points


def measured(
    found: Found, window: Window, slopes: ByContainer, limits: ByContainer
) -> dict[ContainerOfPod, Measured]:
    """`slopes`: of CPU, for short lives. `limits`: of memory in each part of the window, for kills."""
    kills, short = found.kills(window), found.short_lives
    return {
        key: structs.replace(
            _measured(found, key, window),
            **_cpu(found, key, slopes if key in short else {}),
            **(_kill(kills[key], limits.get(key)) if key in kills else {}),
        )
        for key in found.memory.keys() | found.steps.keys()
    }


def thousandths(points: Points) -> int:
    """Of the highest one; 0 if there is none."""
    return max((_milli(value) for _, value in points), default=0)


def filled(window: Window, points: Points) -> tuple[float, ...]:
    """One value for each step, in whole thousandths; NaN where there is none."""
    values = [math.nan] * window.steps
    for time, value in points:
        values[round((time - window.begin) / window.step) - 1] = float(_milli(value))
    return tuple(values)


def _measured(found: Found, key: ContainerOfPod, window: Window) -> Measured:
    memory, steps = found.memory.get(key, ()), found.steps.get(key, ())
    first, last = _life(window, steps or [(time, math.inf) for time, _ in memory])
    throttled = _value(found.throttled, key)
    return Measured(
        memory_peak=_peak(memory),
        cpu_limit=_optional(_value(found.cpu_limit, key)),
        memory_limit=_optional(_value(found.memory_limit, key)),
        points=_points(window, memory, steps),
        first=max(window.begin, first),
        last=last,
        throttled=None if throttled is None else min(1.0, throttled),
    )


def _points(window: Window, memory: Points, steps: Points) -> int:
    """Of which both are known, as far as that can be seen: of memory there is one peak for each part."""
    cpu = int(sum(count for _, count in steps))
    return min(cpu, round(len(memory) * chunk(window) / window.step)) if memory else cpu


def _cpu(found: Found, key: ContainerOfPod, slopes: ByContainer) -> dict[str, Any]:
    """Quantile and peak. Where there is a slope, no rate is of the container's life alone."""
    quantile, peak = _value(found.cpu_quantile, key), _peak(found.cpu.get(key, ()))
    slope = _value(slopes, key)
    if slope is not None and peak:
        quantile = max(slope, quantile or 0)
        peak = Peak(max(peak.value, _milli(quantile)), peak.at)
    return {"cpu_quantile": _optional(quantile), "cpu_peak": peak}


def _kill(time: float, limits: Points | None) -> dict[str, Any]:
    """With the limit that stood then: a later one may be the answer to it, and must not be raised again."""
    if not limits:
        return {"oom_killed_at": time}
    limit = next((value for at, value in reversed(limits) if at <= time), limits[0][1])
    return {"oom_killed_at": time, "memory_limit": _milli(limit)}


def _life(window: Window, steps: Points) -> tuple[float, float]:
    """First and last, by the parts of the window that have something, and how many of their steps have.

    What the first part has is taken to be at its end, and what the last one has at its begin.
    """
    length, step = chunk(window), window.step
    (first, begun), (last, ended) = min(steps), max(steps)
    if first == last:
        return first - length, first - length + min(length, ended * step)
    return first - min(length, begun * step), last - length + min(length, ended * step)


def _peak(points: Points) -> Peak | None:
    """The highest, the first of several."""
    if not points:
        return None
    at, value = max(points, key=lambda each: (each[1], -each[0]))
    return Peak(_milli(value), at)


def _value(points: ByContainer, key: ContainerOfPod) -> float | None:
    return points[key][0][1] if key in points else None


def _optional(value: float | None) -> int | None:
    return None if value is None else _milli(value)


def _milli(value: float) -> int:
    return math.ceil(round(value * 1000, 3))  # 0.01 CPUs, summed up from floats, are 10m
