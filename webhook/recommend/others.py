"""What others' rules make of the same past, computed here, not by their programs. Pure.

`krr simple`: `robusta_krr/strategies/simple.py` of github.com/robusta-dev/krr, with its defaults: CPU the
highest P95 of the Pods and no limit; memory the highest peak and 15 %, as request and limit; at least 10m and
100 MB, and nothing from fewer than 100 points. `--use_oomkill_data` is off by default, so OOM kills do not
count. Simplified: the points are ours, a step apart, where krr takes one in 75 seconds.

`vpa target`: `pkg/recommender/logic/recommender.go`, `model/aggregations_config.go` and
`util/histogram.go` of github.com/kubernetes/autoscaler `vertical-pod-autoscaler`, with their defaults:
P90 of all Pods' samples, for memory of each Pod's daily peaks, in histograms of buckets that grow by 5 %
and weights that halve in a day; 15 % on top, at least 25m and 250 MiB a Pod; limits keep their ratio to
requests. Simplified: one sample of CPU a step where VPA takes one a minute; the request of today as
their weight; days begin with the window; an OOM kill is one more peak at its end, of the limit and 20 %
or 100 MiB; no bounds of a policy.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from msgspec import Struct

from webhook.recommend.history import Histories, finite, quantile
from webhook.recommend.owner import Size
from webhook.usage.measured import NamespaceUsage, Window

Sizes = Mapping[str, Size]
"""By resource."""
_DAY = 86400.0
_MB = 10**6 * 1000
_MI = 2**20 * 1000
_KRR_POINTS = 100
_KRR_CPU, _KRR_MEMORY = 10, 100 * _MB
_VPA_CPU, _VPA_MEMORY = 25, 250 * _MI
_MARGIN, _VPA_OOM, _VPA_OOM_MORE = 1.15, 1.2, 100 * _MI
_GROWTH = 1.05
# In thousandths: 0.001 of a CPU, 10 MB.
_FIRST_BUCKET = {"cpu": 1.0, "memory": 1e10}
_LEAST_WEIGHT = 100


class Past(Struct, frozen=True, kw_only=True):
    """One container of all Pods of an owner."""

    window: Window
    histories: Histories
    usage: NamespaceUsage
    """Of that window, for kills and limits."""
    present: Sizes
    containers: int
    """Of a Pod, which share the least sizes of VPA."""


def krr_simple(past: Past) -> Sizes:
    cpu = [values for each in past.histories.values() if (values := finite(each.cpu))]
    memory = [value for each in past.histories.values() for value in finite(each.memory)]
    sizes = dict(past.present)
    if sum(map(len, cpu)) >= _KRR_POINTS:
        request = max(quantile(values, 0.95) for values in cpu)
        sizes["cpu"] = Size(max(_KRR_CPU, math.ceil(request)), None)
    if len(memory) >= _KRR_POINTS:
        request = max(_KRR_MEMORY, math.ceil(max(memory) * _MARGIN))
        sizes["memory"] = Size(request, request)
    return sizes


def vpa_target(past: Past) -> Sizes:
    weight = max(_LEAST_WEIGHT, past.present.get("cpu", Size()).request or 0)
    cpu = [
        (value, weight, at)
        for each in past.histories.values()
        for at, value in enumerate(each.cpu)
        if math.isfinite(value)
    ]
    sizes = dict(past.present)
    for resource, samples, least in (
        ("cpu", cpu, _VPA_CPU),
        ("memory", list(_daily_peaks(past)), _VPA_MEMORY),
    ):
        if samples:
            half_life = _DAY / past.window.step
            target = _decayed_quantile(samples, half_life, _FIRST_BUCKET[resource]) * _MARGIN
            sizes[resource] = _in_ratio(
                past.present.get(resource, Size()), math.ceil(max(target, least / past.containers))
            )
    return sizes


def p95_alone(past: Past) -> Sizes:
    """The highest P95 of the Pods as the request, without a margin; limits stay, if they are not below."""
    sizes = dict(past.present)
    for resource in ("cpu", "memory"):
        series = [finite(each.cpu if resource == "cpu" else each.memory) for each in past.histories.values()]
        quantiles = [quantile(values, 0.95) for values in series if values]
        if quantiles:
            request = max(1, math.ceil(max(quantiles)))
            limit = past.present.get(resource, Size()).limit
            sizes[resource] = Size(request, None if limit is None else max(limit, request))
    return sizes


def _in_ratio(present: Size, request: int) -> Size:
    """The limit keeps its ratio to the request, as VPA's `controlledValues: RequestsAndLimits`."""
    if present.limit is None or not present.request:
        return Size(request, present.limit and max(present.limit, request))
    return Size(request, -(-present.limit * request // present.request))


def _daily_peaks(past: Past) -> Iterable[tuple[float, float, int]]:
    """Each with its weight and its step; an OOM kill of that day raises it."""
    steps = max(1, round(_DAY / past.window.step))
    kills = dict(_kills(past))
    for key, each in past.histories.items():
        for begin in range(0, len(each.memory), steps):
            values = finite(each.memory[begin : begin + steps])
            if values:
                yield max(values), 1.0, begin
        if key.pod in kills:
            limit = kills[key.pod]
            yield max(limit * _VPA_OOM, limit + _VPA_OOM_MORE), 1.0, len(each.memory)


def _kills(past: Past) -> Iterable[tuple[str, int]]:
    """The Pods that were OOM-killed, each with its limit."""
    limit_now = past.present.get("memory", Size()).limit
    for key in past.histories:
        measured = past.usage.containers.get(key)
        limit = measured and (measured.memory_limit or limit_now)
        if measured and measured.oom_killed_at is not None and limit:
            yield key.pod, limit


def _decayed_quantile(samples: Iterable[tuple[float, float, int]], half_life: float, first: float) -> float:
    """P90: the end of its bucket. Bucket n begins at first x (1.05^n - 1) / 0.05. Half-life in steps."""
    weights: dict[int, float] = {}
    for value, weight, at in samples:
        bucket = math.floor(math.log(value / first * (_GROWTH - 1) + 1, _GROWTH))
        weights[bucket] = weights.get(bucket, 0.0) + weight * 2.0 ** (at / half_life)
    below, threshold, bucket = 0.0, 0.9 * sum(weights.values()), 0
    for bucket in sorted(weights):
        below += weights[bucket]
        if below >= threshold:
            break
    return float(first * (_GROWTH ** (bucket + 1) - 1) / (_GROWTH - 1))
