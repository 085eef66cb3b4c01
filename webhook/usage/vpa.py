"""What VerticalPodAutoscalers recommend, for their owners: without the margin that our rules add again.

k8s.io/autoscaler `vertical-pod-autoscaler/pkg/apis/autoscaling.k8s.io/v1`. A recommendation is for all Pods
of an owner, so the name of the VerticalPodAutoscaler stands in place of a Pod's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct

from webhook.cluster.pager import Object, Resource, objects
from webhook.cluster.reads import as_cluster_error, empty_if_not_served, in_namespace
from webhook.model.notice import Notice
from webhook.model.quantity import parse
from webhook.usage.measured import AUTOSCALER, ContainerOfPod, Measured, NamespaceUsage, Peak, Window
from webhook.workloads.workload import Ref, kind_of

_PROVIDED = "RecommendationProvided"
# Each means that the recommendation rests on too little, or on nothing.
_DOUBTS = ("LowConfidence", "NoPodsMatched", "FetchingHistory", "ConfigUnsupported")
# The recommender's default for --recommendation-margin-fraction.
_MARGIN_MILLI = 1150
# Its histograms are of eight days by default.
_DAYS, _STEP = 8, 300.0


class _Condition(Struct, frozen=True):
    type: str
    status: str
    lastTransitionTime: str | None = None


class _Container(Struct, frozen=True):
    containerName: str = ""
    target: dict[str, str] | None = None
    uncappedTarget: dict[str, str] | None = None

    def milli(self, resource: str) -> int | None:
        """The need, without the bounds of `resourcePolicy` if it is known without."""
        text = {**(self.target or {}), **(self.uncappedTarget or {})}.get(resource, "")
        amount = parse(text)
        return -(-amount.milli * 1000 // _MARGIN_MILLI) if amount and amount.milli else None


class _Recommendation(Struct, frozen=True):
    containerRecommendations: list[_Container] | None = None


class _Status(Struct, frozen=True):
    conditions: list[_Condition] | None = None
    recommendation: _Recommendation | None = None


class _TargetRef(Struct, frozen=True):
    apiVersion: str = ""
    kind: str = ""
    name: str = ""


class _Spec(Struct, frozen=True):
    targetRef: _TargetRef = _TargetRef()


class _Autoscaler(Struct, frozen=True):
    spec: _Spec = _Spec()
    status: _Status = _Status()

    @property
    def doubts(self) -> list[str]:
        """Why its recommendation is not used."""
        holds = {each.type for each in self.status.conditions or () if each.status == "True"}
        missing = [] if _PROVIDED in holds else [f"no {_PROVIDED}"]
        return [*missing, *(each for each in _DOUBTS if each in holds)]

    @property
    def since(self) -> float | None:
        """When it first had a recommendation."""
        times = (each.lastTransitionTime for each in self.status.conditions or () if each.type == _PROVIDED)
        return next((datetime.fromisoformat(each).timestamp() for each in times if each), None)


def _autoscaler(obj: Object) -> tuple[str, _Autoscaler]:
    return obj.metadata.name, msgspec.json.decode(obj.raw, type=_Autoscaler)


_AUTOSCALERS = Resource(
    "verticalpodautoscalers",
    "/apis/autoscaling.k8s.io/v1/verticalpodautoscalers",
    _autoscaler,
    is_custom=True,
)


class VpaUsage:
    def __init__(self, api: ApiClient, now: float) -> None:
        self._api = api
        self._window = Window.before(now, _DAYS * 86400, _STEP)

    def usage(self, namespace: str) -> NamespaceUsage:
        """Raises ClusterError."""
        found: dict[str, _Autoscaler] = {}
        with as_cluster_error(_AUTOSCALERS.name), empty_if_not_served(_AUTOSCALERS):
            found.update(objects(self._api, in_namespace(_AUTOSCALERS, namespace), []))
        sure = {f"{AUTOSCALER}{name}": each for name, each in found.items() if not each.doubts}
        problems = () if found else (Notice("no-vpa", f"there is none in namespace {namespace}"),)
        return NamespaceUsage(
            namespace=namespace,
            window=self._window,
            containers=dict(self._containers(sure)),
            owners={
                name: Ref(kind_of(target.apiVersion, target.kind), namespace, target.name)
                for name, each in sure.items()
                for target in (each.spec.targetRef,)
            },
            problems=problems,
            notes=tuple(
                Notice("unsure-vpa", f"{AUTOSCALER}{name}: {', '.join(each.doubts)}")
                for name, each in sorted(found.items())
                if each.doubts
            ),
        )

    def _containers(self, sure: dict[str, _Autoscaler]) -> Iterator[tuple[ContainerOfPod, Measured]]:
        begin, end, step = self._window
        for name, each in sure.items():
            first = min(end, max(begin, end if each.since is None else each.since))
            recommendation = each.status.recommendation or _Recommendation()
            for container in recommendation.containerRecommendations or ():
                cpu, memory = container.milli("cpu"), container.milli("memory")
                yield (
                    ContainerOfPod(name, container.containerName),
                    Measured(
                        cpu_quantile=cpu,
                        memory_peak=None if memory is None else Peak(memory, end),
                        points=int((end - first) // step) + 1,
                        first=first,
                        last=end,
                    ),
                )
