"""An owner and its Pods, read once. By uid down from the owner: labels would also select strangers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct, structs

from webhook.cluster import reads
from webhook.cluster.pager import Object, Resource, objects
from webhook.cluster.reads import as_cluster_error, in_namespace
from webhook.resize import owner_object
from webhook.resize.pod import Container, Metadata, Pod, Spec, read_pod
from webhook.workloads.controllers import CONTROLLERS
from webhook.workloads.rollout_status import RolloutStatus
from webhook.workloads.workload import Ref

ENDED = ("fieldSelector", "status.phase!=Succeeded,status.phase!=Failed")
PODS = Resource("pods", "/api/v1/pods", lambda obj: read_pod(obj.raw))


class _Owned(Struct, frozen=True):
    metadata: Metadata = Metadata()


class Template(Struct, frozen=True):
    metadata: Metadata = Metadata()
    spec: Spec = Spec()


class _JobTemplate(Struct, frozen=True):
    spec: OwnerSpec


class OwnerSpec(Struct, frozen=True):
    template: Template = Template()
    jobTemplate: _JobTemplate | None = None


class Owner(Struct, frozen=True, kw_only=True):
    """An object that makes Pods, or a Pod alone."""

    ref: Ref
    metadata: Metadata
    spec: OwnerSpec
    rollout: str
    """Which Pods it replaces at the moment; empty if none."""
    raw: bytes
    is_held: bool = False
    """By a run that has not ended: then it replaces no Pods."""

    @property
    def template(self) -> Template:
        return self.spec.jobTemplate.spec.template if self.spec.jobTemplate else self.spec.template

    @property
    def new_pod(self) -> Pod:
        """As its template has it: admission may add to that."""
        return Pod(spec=self.template.spec)

    @property
    def containers(self) -> tuple[Container, ...]:
        """Of its template."""
        return (*self.template.spec.containers, *(self.template.spec.initContainers or ()))

    def __str__(self) -> str:
        return f"{self.ref.kind.lower()}/{self.ref.name}"


class _Object(Struct, frozen=True):
    metadata: Metadata
    spec: OwnerSpec = OwnerSpec()


def read_owner(kind: str, raw: bytes) -> Owner:
    """Of the JSON of an object. Raises msgspec.ValidationError."""
    if kind == "Pod":
        metadata = msgspec.json.decode(raw, type=_Owned).metadata
        return Owner(ref=_ref(kind, metadata), metadata=metadata, spec=OwnerSpec(), rollout="", raw=raw)
    read = msgspec.json.decode(raw, type=_Object)
    rollout = ""
    is_held = owner_object.is_held(kind, msgspec.json.decode(raw))
    if not is_held and kind in ("Deployment", "StatefulSet", "DaemonSet"):
        status = msgspec.json.decode(raw, type=RolloutStatus)
        rollout = structs.replace(status, kind=kind).replacing
    return Owner(
        ref=_ref(kind, read.metadata),
        metadata=read.metadata,
        spec=read.spec,
        rollout=rollout,
        raw=raw,
        is_held=is_held,
    )


def topmost(api: ApiClient, owner: Owner) -> Owner:
    """What makes it, and so on upwards: autoscalers and rollouts are of that. Raises ClusterError."""
    parent = owner.metadata.controller
    kind = next((each for each in CONTROLLERS if parent and each.kind == parent.kind), None)
    raw = reads.owner(api, kind, owner.ref.namespace, parent.name) if parent and kind else None
    return topmost(api, read_owner(kind.kind, raw)) if kind and raw else owner


def pods_of(api: ApiClient, owner: Owner) -> list[Pod]:
    """Its Pods that have not ended and are not being deleted, by name. Raises ClusterError."""
    namespace = owner.ref.namespace
    with as_cluster_error("pods"):
        pods = list(objects(api, in_namespace(PODS, namespace), [ENDED]))
    if owner.ref.kind == "Pod":
        return [each for each in pods if each.uid == owner.metadata.uid]
    uids = {owner.metadata.uid}
    if owner.ref.kind in _BETWEEN:
        children = _BETWEEN[owner.ref.kind]
        with as_cluster_error(children.name):
            uids |= {
                each.uid
                for each in objects(api, in_namespace(children, namespace), [])
                if each.controller and each.controller.uid == owner.metadata.uid
            }
    # One on a dead Node can stay Terminating for hours: it keeps no other Pod from being resized.
    lasting = [each for each in pods if not each.metadata.deletionTimestamp]
    mine = [each for each in lasting if each.metadata.controller and each.metadata.controller.uid in uids]
    return sorted(mine, key=lambda each: each.name)


def _ref(kind: str, metadata: Metadata) -> Ref:
    return Ref(kind, metadata.namespace, metadata.name)


def _metadata(obj: Object) -> Metadata:
    return msgspec.json.decode(obj.raw, type=_Owned).metadata


_BETWEEN: Mapping[str, Resource[Any]] = MappingProxyType(
    {
        "Deployment": Resource("replicasets", "/apis/apps/v1/replicasets", _metadata, metadata_only=True),
        "CronJob": Resource("jobs", "/apis/batch/v1/jobs", _metadata, metadata_only=True),
    }
)
"""What makes the Pods of an owner that does not make them itself."""
