"""The fields that are read of Nodes, autoscalers and Pod metrics."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from webhook.audit.costs.autoscalers import Autoscaler, Metric, Usage
from webhook.audit.costs.capacity import Node, Taint
from webhook.cluster.pager import Object, Resource
from webhook.model.pod import ResourceList
from webhook.model.quantity import milli
from webhook.workloads.workload import Ref, kind_of


class _NodeSpec(Struct, frozen=True):
    taints: tuple[Taint, ...] = ()


class _NodeStatus(Struct, frozen=True):
    allocatable: ResourceList = {}


class _Node(Struct, frozen=True):
    spec: _NodeSpec = _NodeSpec()
    status: _NodeStatus = _NodeStatus()


class _MetricTarget(Struct, frozen=True):
    averageUtilization: int = 0


class _ResourceMetric(Struct, frozen=True):
    name: str
    target: _MetricTarget
    container: str = ""


class _MetricSpec(Struct, frozen=True):
    resource: _ResourceMetric | None = None
    containerResource: _ResourceMetric | None = None


class _TargetRef(Struct, frozen=True):
    kind: str
    name: str
    apiVersion: str = ""


class _AutoscalerSpec(Struct, frozen=True):
    scaleTargetRef: _TargetRef
    maxReplicas: int = 0
    metrics: list[_MetricSpec] = []


class _HorizontalPodAutoscaler(Struct, frozen=True):
    spec: _AutoscalerSpec


class _ContainerMetrics(Struct, frozen=True):
    name: str
    usage: ResourceList | None = None


class _PodMetrics(Struct, frozen=True):
    containers: list[_ContainerMetrics] | None = None


def _node(obj: Object) -> Node:
    read = msgspec.json.decode(obj.raw, type=_Node)
    # A cordoned Node has the taint node.kubernetes.io/unschedulable.
    allocatable = {key: milli(value) for key, value in read.status.allocatable.items()}
    return Node(obj.metadata.name, obj.metadata.labels or {}, read.spec.taints, allocatable)


def _autoscaler(obj: Object) -> Autoscaler:
    spec = msgspec.json.decode(obj.raw, type=_HorizontalPodAutoscaler).spec
    namespace = obj.metadata.namespace or ""
    target = spec.scaleTargetRef
    metrics = [each.resource or each.containerResource for each in spec.metrics]
    return Autoscaler(
        Ref("HorizontalPodAutoscaler", namespace, obj.metadata.name),
        Ref(kind_of(target.apiVersion, target.kind), namespace, target.name),
        tuple(
            Metric(each.name, each.target.averageUtilization, each.container)
            for each in metrics
            if each and each.target.averageUtilization
        ),
        spec.maxReplicas,
    )


def _usage(obj: Object) -> tuple[str, Usage]:
    containers = msgspec.json.decode(obj.raw, type=_PodMetrics).containers or ()
    return obj.metadata.name, Usage(
        {each.name: {key: milli(value) for key, value in (each.usage or {}).items()} for each in containers}
    )


NODES = Resource("nodes", "/api/v1/nodes", _node)
AUTOSCALERS = Resource(
    "horizontalpodautoscalers", "/apis/autoscaling/v2/horizontalpodautoscalers", _autoscaler
)


def usage_in(namespace: str) -> Resource[tuple[str, Usage]]:
    return Resource(
        "pods.metrics.k8s.io", f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods", _usage
    )
