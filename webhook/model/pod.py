"""The view of a Pod: only the fields that edits and policies read, named as in `core/v1` (k8s.io/api).

The server decodes it from the bytes of the review, others convert a dict. Unknown fields are ignored
and never written. Optional fields may be missing; `null` means missing, as for the API server.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from webhook.model.decoding import prepare

# The API server sends strings; manifests may also carry plain YAML numbers, and null for zero.
RawQuantity = str | int | float | None
ResourceList = dict[str, RawQuantity]


class Present(Struct, frozen=True, gc=False):
    """Only its presence matters."""


class ResourceRequirements(Struct, frozen=True, gc=False):
    limits: ResourceList | None = None
    requests: ResourceList | None = None
    claims: list[Present] | None = None


class ResizePolicy(Struct, frozen=True, gc=False):
    resourceName: str = ""
    restartPolicy: str = ""


class VolumeMount(Struct, frozen=True, gc=False):
    name: str = ""


class ContainerView(Struct, frozen=True, gc=False):
    name: str = ""
    image: str | None = None
    volumeMounts: list[VolumeMount] | None = None
    restartPolicy: str | None = None
    resources: ResourceRequirements | None = None
    resizePolicy: list[ResizePolicy] | None = None


def field_path(name: str) -> str:
    """As `fieldsV1` writes a field (k8s.io/apimachinery `pkg/apis/meta/v1`, structured-merge-diff)."""
    return f"f:{name}"


class Toleration(Struct, frozen=True, omit_defaults=True, gc=False):
    key: str | None = None
    operator: str | None = None
    value: str | None = None
    effect: str | None = None
    tolerationSeconds: int | None = None


class NodeSelectorRequirement(Struct, frozen=True, omit_defaults=True, gc=False):
    key: str = ""
    operator: str = ""
    values: list[str] | None = None


class NodeSelectorTerm(Struct, frozen=True, omit_defaults=True, gc=False):
    matchExpressions: list[NodeSelectorRequirement] | None = None
    matchFields: list[NodeSelectorRequirement] | None = None


class NodeSelector(Struct, frozen=True, gc=False):
    nodeSelectorTerms: list[NodeSelectorTerm] | None = None


class PreferredSchedulingTerm(Struct, frozen=True, gc=False):
    weight: int = 0
    preference: NodeSelectorTerm | None = None


class NodeAffinity(Struct, frozen=True, gc=False):
    requiredDuringSchedulingIgnoredDuringExecution: NodeSelector | None = None
    preferredDuringSchedulingIgnoredDuringExecution: list[PreferredSchedulingTerm] | None = None


class Affinity(Struct, frozen=True, gc=False):
    nodeAffinity: NodeAffinity | None = None


class EmptyDir(Struct, frozen=True, gc=False):
    medium: str | None = None


class Volume(Struct, frozen=True, gc=False):
    name: str = ""
    persistentVolumeClaim: Present | None = None
    ephemeral: Present | None = None
    emptyDir: EmptyDir | None = None


class PodOS(Struct, frozen=True, gc=False):
    name: str | None = None


class OwnerReference(Struct, frozen=True, gc=False):
    kind: str = ""
    name: str = ""
    controller: bool | None = None


class ContainerFields(Struct, frozen=True, gc=False, rename=field_path):
    resizePolicy: Present | None = None


class NodeAffinityFields(Struct, frozen=True, gc=False, rename=field_path):
    requiredDuringSchedulingIgnoredDuringExecution: Present | None = None
    preferredDuringSchedulingIgnoredDuringExecution: Present | None = None


class AffinityFields(Struct, frozen=True, gc=False, rename=field_path):
    nodeAffinity: NodeAffinityFields | None = None


class SpecFields(Struct, frozen=True, gc=False, rename=field_path):
    tolerations: Present | None = None
    nodeSelector: Present | None = None
    affinity: AffinityFields | None = None
    containers: dict[str, ContainerFields] | None = None
    initContainers: dict[str, ContainerFields] | None = None


class Fields(Struct, frozen=True, gc=False, rename=field_path):
    spec: SpecFields | None = None


class ManagedFields(Struct, frozen=True, gc=False):
    """A `metav1.ManagedFieldsEntry`; of a server-side apply it has every applied field."""

    operation: str = ""
    fieldsV1: Fields | None = None


class ObjectMeta(Struct, frozen=True, gc=False):
    name: str | None = None
    generateName: str | None = None
    namespace: str | None = None
    labels: dict[str, str | None] | None = None
    annotations: dict[str, str | None] | None = None
    ownerReferences: list[OwnerReference] | None = None
    managedFields: list[ManagedFields] | None = None


class PodSpec(Struct, frozen=True, gc=False):
    containers: list[ContainerView] | None = None
    initContainers: list[ContainerView] | None = None
    volumes: list[Volume] | None = None
    nodeName: str | None = None
    nodeSelector: dict[str, str | None] | None = None
    affinity: Affinity | None = None
    tolerations: list[Toleration] | None = None
    restartPolicy: str | None = None
    priorityClassName: str | None = None
    os: PodOS | None = None
    resources: ResourceRequirements | None = None


def effective_requests(resources: ResourceRequirements) -> ResourceList:
    """Requests as the API server stores them: a limit without a request is the request too.

    Reviews carry both, manifests may not. Source: `SetDefaults_Pod` in k8s.io/kubernetes
    `pkg/apis/core/v1/defaults.go`, for containers; `completed` in model/pod_resources.py is for Pods.
    """
    requests, limits = resources.requests or {}, resources.limits
    return {**limits, **requests} if limits else requests


NO_METADATA = ObjectMeta()
NO_RESOURCES = ResourceRequirements()
NO_SPEC = PodSpec()


class PodView(Struct, frozen=True, gc=False):
    """A Pod, or a Pod template: both have `metadata` and `spec`."""

    metadata: ObjectMeta | None = None
    spec: PodSpec | None = None


prepare(PodView)


def pod_view(pod: dict[str, Any]) -> PodView:
    """View a Pod given as a dict, from YAML or JSON.

    Raises msgspec.ValidationError, which names the field that no API server could decode.
    """
    return msgspec.convert(pod, PodView)
