"""The topmost owners of the Pods that exist, as the API server has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct

from webhook.cluster.pager import Object, Resource, objects
from webhook.cluster.reads import as_cluster_error, in_namespace
from webhook.workloads.workload import Ref, kind_of


class _Reference(Struct, frozen=True):
    apiVersion: str
    kind: str
    name: str
    controller: bool = False


class _Metadata(Struct, frozen=True):
    name: str
    ownerReferences: list[_Reference] | None = None


class _Owned(Struct, frozen=True):
    metadata: _Metadata

    @property
    def controller(self) -> _Reference | None:
        return next((each for each in self.metadata.ownerReferences or () if each.controller), None)


def _owned(obj: Object) -> _Owned:
    return msgspec.json.decode(obj.raw, type=_Owned)


_PODS = Resource("pods", "/api/v1/pods", _owned, metadata_only=True)
_BETWEEN = {
    "ReplicaSet": Resource("replicasets", "/apis/apps/v1/replicasets", _owned, metadata_only=True),
    "Job": Resource("jobs", "/apis/batch/v1/jobs", _owned, metadata_only=True),
}


def live_owners(api: ApiClient, namespace: str) -> dict[str, Ref]:
    """By Pod: a Deployment for a ReplicaSet's, a CronJob for a Job's. Raises ClusterError."""
    owners = dict(_controllers(api, _PODS, namespace))
    for kind in {each.kind for each in owners.values()} & _BETWEEN.keys():
        above: Mapping[str, Ref] = dict(_controllers(api, _BETWEEN[kind], namespace))
        owners |= {pod: above.get(ref.name, ref) for pod, ref in owners.items() if ref.kind == kind}
    return owners


def _controllers(api: ApiClient, resource: Resource[_Owned], namespace: str) -> Iterator[tuple[str, Ref]]:
    with as_cluster_error(resource.name):
        for each in objects(api, in_namespace(resource, namespace), []):
            if owner := each.controller:
                yield each.metadata.name, Ref(kind_of(owner.apiVersion, owner.kind), namespace, owner.name)
