"""The fields that the audit reads of objects, besides the Pod or template in them."""

from __future__ import annotations

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct

from webhook.cluster.pager import Meta, Object, Resource, objects
from webhook.cluster.reads import as_cluster_error, empty_if_not_served
from webhook.model.pod import PodView, ResourceList, Toleration
from webhook.workloads.builtin_plugins import Defaults, RuntimeClass
from webhook.workloads.workload import OwnerReference


class Managed(Struct, frozen=True):
    """An entry of `managedFields`."""

    manager: str = ""
    time: str = ""
    subresource: str = ""
    fieldsV1: msgspec.Raw = msgspec.Raw()

    def has_prefix(self, prefix: str) -> bool:
        return f'"f:{prefix}'.encode() in bytes(self.fieldsV1)

    def has_field(self, field: str) -> bool:
        return f'"f:{field}"'.encode() in bytes(self.fieldsV1)


class _Managing(Struct, frozen=True):
    managedFields: list[Managed] = []


class Written(Struct, frozen=True):
    metadata: _Managing = _Managing()


def revision_of(metadata: Meta | LiveMeta) -> int:
    """The resourceVersion; 0 if it is no number."""
    return int(metadata.resourceVersion) if metadata.resourceVersion.isdecimal() else 0


class LiveMeta(Struct, frozen=True):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""
    creationTimestamp: str = ""
    deletionTimestamp: str = ""
    ownerReferences: list[OwnerReference] = []
    managedFields: list[Managed] = []

    def controller(self) -> OwnerReference | None:
        return next((each for each in self.ownerReferences if each.controller), None)

    def resized_by(self) -> str:
        """`kubectl-patch at 2026-01-31T12:00:00Z`; empty if its resources were never resized."""
        resizes = [each for each in self.managedFields if each.subresource == "resize"]
        last = max(resizes, key=lambda each: each.time, default=None)
        return f"{last.manager} at {last.time}" if last else ""

    def touched(self) -> frozenset[str]:
        """The parts of the metadata that were written after creation."""
        later = [each for each in self.managedFields if each.time > self.creationTimestamp]
        names = ("labels", "annotations", "podtailor.dev")
        return frozenset(name for name in names if any(each.has_prefix(name) for each in later))


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
        """The name of the Pod's Node; for a DaemonSet Pod also before it is scheduled."""
        terms = self.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms
        names = (each.values for term in terms for each in term.matchFields if each.key == "metadata.name")
        return self.nodeName or next((values[0] for values in names if len(values) == 1), "")


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


VIEWS = msgspec.json.Decoder(PodView)
OWNED = msgspec.json.Decoder(Owned)
LIVES = msgspec.json.Decoder(Live)


def _defaults(obj: Object) -> Defaults:
    items = msgspec.json.decode(obj.raw, type=_LimitRange).spec.limits or ()
    item = next((each for each in items if each.type == "Container"), _LimitRangeItem())
    return Defaults(obj.metadata.namespace or "", item.default, item.defaultRequest)


def _runtime_class(obj: Object) -> RuntimeClass:
    read = msgspec.json.decode(obj.raw, type=_RuntimeClass)
    scheduling = read.scheduling
    return RuntimeClass(
        name=obj.metadata.name,
        overhead=read.overhead.podFixed,
        node_selector=scheduling.nodeSelector,
        tolerations=scheduling.tolerations,
    )


DEFAULTS = Resource("limitranges", "/api/v1/limitranges", _defaults)
RUNTIME_CLASSES = Resource("runtimeclasses", "/apis/node.k8s.io/v1/runtimeclasses", _runtime_class)


def changed(obj: Object, *fields: str) -> str:
    """The last write of these fields, or of any, by `managedFields`; else the time of creation."""
    managed = msgspec.json.decode(obj.raw, type=Written).metadata.managedFields
    times = [
        each.time
        for each in managed
        if not each.subresource and (not fields or any(map(each.has_field, fields)))
    ]
    return max(times, default=obj.metadata.creationTimestamp or "")


def list_all(api: ApiClient, kind: Resource[Object], *query: tuple[str, str]) -> list[Object]:
    """Raises ClusterError."""
    objs: list[Object] = []
    with as_cluster_error(kind.name), empty_if_not_served(kind):
        objs += objects(api, kind, [*query])
    return objs
