"""What the audit reads of objects beside the Pod or template in them."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from webhook.audit.admission import Defaults, RuntimeClass
from webhook.audit.autoscalers import Autoscaler, Metric, Usage
from webhook.audit.capacity import Node, Taint
from webhook.audit.findings import Ref
from webhook.cluster.listing import Kind, Meta, Object
from webhook.model.pod import PodView, ResourceList, Toleration
from webhook.model.quantity import milli


class _Owner(Struct, frozen=True):
    apiVersion: str = ""
    kind: str = ""
    name: str = ""
    uid: str = ""
    controller: bool = False


class Managed(Struct, frozen=True):
    """An entry of managedFields: who wrote what, and when."""

    time: str = ""
    subresource: str = ""
    fieldsV1: msgspec.Raw = msgspec.Raw()

    def names_prefix(self, start: str) -> bool:
        return f'"f:{start}'.encode() in bytes(self.fieldsV1)

    def names(self, field: str) -> bool:
        return f'"f:{field}"'.encode() in bytes(self.fieldsV1)


# Kubernetes' own: every other kind is told with its group, as kubectl does.
_OWN_GROUPS = ("", "apps", "batch", "autoscaling")


def kind_of(api_version: str, kind: str) -> str:
    """`Deployment`, or `StatefulSet.apps.kruise.io`."""
    group = api_version.rpartition("/")[0]
    return kind if group in _OWN_GROUPS else f"{kind}.{group}"


def revision_of(metadata: Meta) -> int:
    """The resourceVersion; 0 of an API server that does not count with numbers."""
    return int(metadata.resourceVersion) if metadata.resourceVersion.isdecimal() else 0


class LiveMeta(Struct, frozen=True):
    uid: str = ""
    creationTimestamp: str = ""
    deletionTimestamp: str = ""
    ownerReferences: list[_Owner] = []
    managedFields: list[Managed] = []

    def controller(self) -> _Owner | None:
        return next((each for each in self.ownerReferences if each.controller), None)

    def touched(self) -> frozenset[str]:
        """What of the metadata somebody wrote after the object was made."""
        later = [each for each in self.managedFields if each.time > self.creationTimestamp]
        names = ("labels", "annotations", "podtailor.dev")
        return frozenset(name for name in names if any(each.names_prefix(name) for each in later))


class _Fields(Struct, frozen=True):
    key: str = ""
    values: list[str] = []


class _Term(Struct, frozen=True):
    matchFields: list[_Fields] = []


class _Required(Struct, frozen=True):
    nodeSelectorTerms: list[_Term] = []


class _NodeAffinity(Struct, frozen=True):
    requiredDuringSchedulingIgnoredDuringExecution: _Required = _Required()


class _Affinity(Struct, frozen=True):
    nodeAffinity: _NodeAffinity = _NodeAffinity()


class _LiveSpec(Struct, frozen=True):
    nodeName: str = ""
    overhead: ResourceList = {}
    affinity: _Affinity = _Affinity()

    @property
    def node(self) -> str:
        """Where the Pod is, or, of a DaemonSet's, where it will be."""
        terms = self.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms
        named = (each.values for term in terms for each in term.matchFields if each.key == "metadata.name")
        return self.nodeName or next((values[0] for values in named if len(values) == 1), "")


class Owned(Struct, frozen=True):
    metadata: LiveMeta = LiveMeta()


class Live(Owned, frozen=True):
    spec: _LiveSpec = _LiveSpec()


class _LimitRangeItem(Struct, frozen=True):
    type: str = ""
    default: ResourceList = {}
    defaultRequest: ResourceList = {}


class _LimitRangeSpec(Struct, frozen=True):
    limits: list[_LimitRangeItem] | None = None


class _LimitRange(Struct, frozen=True):
    spec: _LimitRangeSpec = _LimitRangeSpec()


class _Overhead(Struct, frozen=True):
    podFixed: ResourceList = {}


class _Scheduling(Struct, frozen=True):
    nodeSelector: dict[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()


class _RuntimeClass(Struct, frozen=True):
    overhead: _Overhead = _Overhead()
    scheduling: _Scheduling = _Scheduling()


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
    metrics: list[_MetricSpec] = []


class _HorizontalPodAutoscaler(Struct, frozen=True):
    spec: _AutoscalerSpec


class _ContainerMetrics(Struct, frozen=True):
    name: str
    usage: ResourceList | None = None


class _PodMetrics(Struct, frozen=True):
    containers: list[_ContainerMetrics] | None = None


VIEWS = msgspec.json.Decoder(PodView)
OWNED = msgspec.json.Decoder(Owned)
LIVES = msgspec.json.Decoder(Live)


def _defaults(found: Object) -> Defaults:
    items = msgspec.json.decode(found.raw, type=_LimitRange).spec.limits or ()
    item = next((each for each in items if each.type == "Container"), _LimitRangeItem())
    return Defaults(found.metadata.namespace or "", item.default, item.defaultRequest)


def _runtime_class(found: Object) -> RuntimeClass:
    read = msgspec.json.decode(found.raw, type=_RuntimeClass)
    scheduling = read.scheduling
    return RuntimeClass(
        found.metadata.name, read.overhead.podFixed, scheduling.nodeSelector, scheduling.tolerations
    )


def _node(found: Object) -> Node:
    read = msgspec.json.decode(found.raw, type=_Node)
    # A cordoned Node carries the taint node.kubernetes.io/unschedulable.
    allocatable = {key: milli(value) for key, value in read.status.allocatable.items()}
    return Node(found.metadata.name, found.metadata.labels or {}, read.spec.taints, allocatable)


def _autoscaler(found: Object) -> Autoscaler:
    spec = msgspec.json.decode(found.raw, type=_HorizontalPodAutoscaler).spec
    namespace = found.metadata.namespace or ""
    target = spec.scaleTargetRef
    metrics = [each.resource or each.containerResource for each in spec.metrics]
    return Autoscaler(
        Ref("HorizontalPodAutoscaler", namespace, found.metadata.name),
        Ref(kind_of(target.apiVersion, target.kind), namespace, target.name),
        tuple(
            Metric(each.name, each.target.averageUtilization, each.container)
            for each in metrics
            if each and each.target.averageUtilization
        ),
    )


def _usage(found: Object) -> tuple[str, Usage]:
    containers = msgspec.json.decode(found.raw, type=_PodMetrics).containers or ()
    return found.metadata.name, Usage(
        {each.name: {key: milli(value) for key, value in (each.usage or {}).items()} for each in containers}
    )


NODES = Kind("nodes", "/api/v1/nodes", _node)
AUTOSCALERS = Kind("horizontalpodautoscalers", "/apis/autoscaling/v2/horizontalpodautoscalers", _autoscaler)


def usages_of(namespace: str) -> Kind[tuple[str, Usage]]:
    return Kind("pods.metrics.k8s.io", f"/apis/metrics.k8s.io/v1beta1/namespaces/{namespace}/pods", _usage)


DEFAULTS = Kind("limitranges", "/api/v1/limitranges", _defaults)
RUNTIME_CLASSES = Kind("runtimeclasses", "/apis/node.k8s.io/v1/runtimeclasses", _runtime_class)
