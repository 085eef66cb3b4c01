"""What the audit reads of objects beside the Pod or template in them."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from webhook.cluster.pager import Meta, Object, Resource
from webhook.model.pod import PodView, ResourceList, Toleration
from webhook.workloads.builtin_plugins import Defaults, RuntimeClass


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


DEFAULTS = Resource("limitranges", "/api/v1/limitranges", _defaults)
RUNTIME_CLASSES = Resource("runtimeclasses", "/apis/node.k8s.io/v1/runtimeclasses", _runtime_class)
