"""What the Pods of an owner have shown about one of its containers, and how sure that is. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from webhook.recommend.owner import ContainerState, OwnerState
from webhook.usage.measured import Measured, NamespaceUsage

_DAY = 86400.0
# The first sample is somewhat after the beginning of the window.
_PRECISION = 3600.0
_HIGH_DAYS, _MEDIUM_DAYS = 7, 3
_HIGH_SHARE = 0.9
# P95 of fewer values than this is their maximum, which for a new Pod is that of its start.
_FEW_POINTS = 20
_CUT_OFF = 950
"""Thousandths of the limit."""


class Sure(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Value(NamedTuple):
    value: int
    pod: str
    at: float = 0.0
    """Seconds since 1970; 0 for what is of the whole window."""


class Spread(NamedTuple):
    """Over the Pods: a Pod that stands out needs another answer than a margin."""

    lowest: int
    highest: int


class Kill(NamedTuple):
    pod: str
    at: float
    limit: int | None
    """None: not known. The present one may be the answer to this kill, and must not be raised again."""


class Evidence(Struct, frozen=True, kw_only=True):
    pods: int
    days: float
    sure: Sure
    cpu_quantile: Value | None = None
    """The highest of the Pods."""
    peaks: Mapping[str, Value] = {}
    """By resource."""
    spread: Mapping[str, Spread] = {}
    """By resource: of the quantile of CPU, of the peaks of memory."""
    kill: Kill | None = None
    """The OOM kill at the highest limit."""
    throttled: Value | None = None
    """In thousandths of the periods."""
    cut_off: Mapping[str, Value] = {}
    """By resource, the peak that came near to its limit."""


def evidence(usage: NamespaceUsage, owner: OwnerState, container: ContainerState) -> Evidence | None:
    """None if nothing was measured."""
    pods = {
        key.pod: measured
        for key, measured in sorted(usage.containers.items())
        if key.container == container.name and usage.owner(key.pod) == owner.ref
    }
    if not pods:
        return None
    days = _days(pods.values(), usage.window.step, is_batch=owner.is_batch)
    quantiles = _quantiles(pods, is_batch=owner.is_batch)
    peaks = {
        resource: peak
        for resource in ("cpu", "memory")
        if (peak := _highest(_peaks(pods, resource))) is not None
    }
    kills = [
        Kill(pod, each.oom_killed_at, each.memory_limit)
        for pod, each in pods.items()
        if each.oom_killed_at is not None
    ]
    spread = {"cpu": quantiles, "memory": list(_peaks(pods, "memory"))}
    return Evidence(
        pods=len(pods),
        days=days,
        sure=_sure(days, _share(pods.values(), usage.window.step)),
        cpu_quantile=_highest(quantiles),
        peaks=peaks,
        spread={
            resource: Spread(min(each.value for each in values), max(each.value for each in values))
            for resource, values in spread.items()
            if values
        },
        kill=max(kills, key=lambda each: (each.limit or 0, each.at), default=None),
        throttled=_highest(
            Value(round(each.throttled * 1000), pod)
            for pod, each in pods.items()
            if each.throttled is not None
        ),
        cut_off={
            resource: near
            for resource in ("cpu", "memory")
            if (near := _highest(_cut_off(pods, resource))) is not None
        },
    )


def _quantiles(pods: Mapping[str, Measured], *, is_batch: bool) -> list[Value]:
    """Of Pods that ran for long enough, if there are any; for Pods that run to an end, of each run."""
    values = {pod: each.cpu_quantile for pod, each in pods.items() if each.cpu_quantile is not None}
    lasting = [
        Value(value, pod) for pod, value in values.items() if is_batch or pods[pod].points >= _FEW_POINTS
    ]
    return lasting or [Value(value, pod) for pod, value in values.items()]


def _peaks(pods: Mapping[str, Measured], resource: str) -> Iterable[Value]:
    peaks = {pod: each.cpu_peak if resource == "cpu" else each.memory_peak for pod, each in pods.items()}
    return (Value(peak.value, pod, peak.at) for pod, peak in peaks.items() if peak is not None)


def _cut_off(pods: Mapping[str, Measured], resource: str) -> Iterable[Value]:
    """By the limits that they ran with: the present one may be the answer to an earlier cut-off."""
    for peak in _peaks(pods, resource):
        measured = pods[peak.pod]
        limit = measured.cpu_limit if resource == "cpu" else measured.memory_limit
        if limit and peak.value * 1000 >= limit * _CUT_OFF:
            yield peak


def _highest(values: Iterable[Value]) -> Value | None:
    return max(values, key=lambda each: (each.value, each.pod), default=None)


def _days(pods: Iterable[Measured], step: float, *, is_batch: bool) -> float:
    """Days on which any of the Pods was measured; of Pods that run to an end, first to last."""
    pods = list(pods)
    spans = sorted((each.first, each.last + step) for each in pods)
    if is_batch:
        return (max(end for _, end in spans) - spans[0][0]) / _DAY
    seconds, reached = 0.0, spans[0][0]
    for begin, end in spans:
        seconds += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return min(seconds, step * sum(each.points for each in pods)) / _DAY


def _share(pods: Iterable[Measured], step: float) -> float:
    """How much of the time that the Pods ran for was measured."""
    points = expected = 0.0
    for each in pods:
        points += each.points
        expected += (each.last - each.first) / step + 1
    return points / expected


def _sure(days: float, share: float) -> Sure:
    days += _PRECISION / _DAY
    if days >= _HIGH_DAYS and share >= _HIGH_SHARE:
        return Sure.HIGH
    return Sure.MEDIUM if days >= _MEDIUM_DAYS else Sure.LOW
