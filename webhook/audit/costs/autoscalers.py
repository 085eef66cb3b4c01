"""Autoscalers that would become active with new requests.

A HorizontalPodAutoscaler on utilization does nothing while a container of its target has no request
("missing request for cpu": k8s.io/kubernetes `pkg/controller/podautoscaler/replica_calculator.go`). Once all
have one, it compares usage with them, and may scale at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from webhook.audit.findings import Amounts, Demand, Verdict
from webhook.workloads.workload import Ref


class Metric(Struct, frozen=True):
    """A utilization metric, of all containers together or of one."""

    resource: str
    target: int
    """Percent of the request."""
    container: str = ""


class Autoscaler(Struct, frozen=True):
    ref: Ref
    target: Ref
    metrics: tuple[Metric, ...]
    max_pods: int = 0
    """0: not known."""


class Usage(Struct, frozen=True):
    """What a Pod uses, by the metrics API: amounts by container."""

    containers: Mapping[str, Amounts]


class Wakeup(Struct, frozen=True):
    autoscaler: Autoscaler
    metric: Metric
    utilization: int | None
    """Usage in percent of new requests; None if usage is unknown."""


UsageOf = Callable[[str], Mapping[str, Usage] | None]
"""Takes a namespace; returns usage by Pod name, or None if it is unknown."""


class Autoscalers:
    """`add` every Pod and template, then read `wakeups`."""

    def __init__(self, autoscalers: Iterable[Autoscaler]) -> None:
        self._by_target: dict[Ref, list[Autoscaler]] = {}
        for each in autoscalers:
            self._by_target.setdefault(each.target, []).append(each)
        self._woken: dict[tuple[Ref, Metric], Autoscaler] = {}
        self._pods: dict[Ref, list[tuple[str, Mapping[str, Amounts]]]] = {}
        """By target, its Pods, each with the future requests of its containers."""

    def add(self, ref: Ref, owner: Ref, verdict: Verdict) -> None:
        for autoscaler in self._by_target.get(owner, ()):
            if ref.kind == "Pod":
                self._pods.setdefault(owner, []).append((ref.name, verdict.after.containers))
            for metric in autoscaler.metrics:
                if _is_inactive(metric, verdict.before) and not _is_inactive(metric, verdict.after):
                    self._woken[autoscaler.ref, metric] = autoscaler

    def wakeups(self, usage_of: UsageOf) -> list[Wakeup]:
        return [
            Wakeup(
                autoscaler, metric, self._utilization(autoscaler, metric, usage_of(autoscaler.ref.namespace))
            )
            for (_, metric), autoscaler in self._woken.items()
        ]

    def _utilization(
        self, autoscaler: Autoscaler, metric: Metric, usage: Mapping[str, Usage] | None
    ) -> int | None:
        used = requested = 0
        for name, requests in self._pods.get(autoscaler.target, ()):
            if usage and name in usage:
                by_container = usage[name].containers
                containers = [metric.container] if metric.container else requests
                used += sum(by_container.get(each, {}).get(metric.resource, 0) for each in containers)
                requested += sum(requests.get(each, {}).get(metric.resource, 0) for each in containers)
        return round(100 * used / requested) if requested else None


def _is_inactive(metric: Metric, demand: Demand) -> bool:
    unsized = demand.unsized.get(metric.resource, frozenset())
    return metric.container in unsized if metric.container else bool(unsized)
