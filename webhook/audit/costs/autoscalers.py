"""Autoscalers that new requests would wake.

A HorizontalPodAutoscaler on utilisation does nothing while a container of its target has no request
("missing request for cpu": k8s.io/kubernetes `pkg/controller/podautoscaler/replica_calculator.go`). Once it
has one, the autoscaler reads usage against it, and may scale at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from webhook.audit.findings import Amounts, Verdict
from webhook.workloads.workload import Ref


class Metric(Struct, frozen=True):
    """One utilisation metric: of all containers together, or of one."""

    resource: str
    target: int
    """Percent of the request."""
    container: str = ""


class Autoscaler(Struct, frozen=True):
    ref: Ref
    target: Ref
    metrics: tuple[Metric, ...]


class Usage(Struct, frozen=True):
    """What the metrics API says of a Pod: by container, amounts by resource."""

    containers: Mapping[str, Amounts]


class Wakeup(Struct, frozen=True):
    autoscaler: Autoscaler
    metric: Metric
    utilization: int | None
    """Percent; None where no metrics API tells what the Pods use."""


UsageOf = Callable[[str], Mapping[str, Usage] | None]
"""By namespace: the usage of its Pods by name; None where nobody knows."""


class Autoscalers:
    """Is told of every Pod, and says which autoscalers would wake."""

    def __init__(self, autoscalers: Iterable[Autoscaler]) -> None:
        self._by_target: dict[Ref, list[Autoscaler]] = {}
        for each in autoscalers:
            self._by_target.setdefault(each.target, []).append(each)
        self._woken: dict[tuple[Ref, Metric], Autoscaler] = {}
        self._pods: dict[Ref, list[tuple[str, Mapping[str, Amounts]]]] = {}
        """By target, its Pods and what the containers of each will request."""

    def add(self, ref: Ref, owner: Ref, verdict: Verdict) -> None:
        for autoscaler in self._by_target.get(owner, ()):
            if ref.kind == "Pod":
                self._pods.setdefault(owner, []).append((ref.name, verdict.after.containers))
            for metric in autoscaler.metrics:
                if _lacks(metric, verdict.before.unsized) and not _lacks(metric, verdict.after.unsized):
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
        used = asked = 0
        for name, requests in self._pods.get(autoscaler.target, ()):
            if usage and name in usage:
                of = usage[name].containers
                counted = [metric.container] if metric.container else requests
                used += sum(of.get(each, {}).get(metric.resource, 0) for each in counted)
                asked += sum(requests.get(each, {}).get(metric.resource, 0) for each in counted)
        return round(100 * used / asked) if asked else None


def _lacks(metric: Metric, unsized: Mapping[str, frozenset[str]]) -> bool:
    lacking = unsized.get(metric.resource, frozenset())
    return metric.container in lacking if metric.container else bool(lacking)
