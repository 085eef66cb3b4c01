"""See a manifest as admission would see its Pod.

A controller's template is not the Pod that the API server shows to webhooks: the controller adds an owner
and labels (k8s.io/kubernetes `pkg/controller/...`), the API server copies limits to missing requests
(`SetDefaults_Pod` in `pkg/apis/core/v1/defaults.go`). Without that a manifest would be judged otherwise than
the Pods made from it.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, structs

from webhook.model.patch import Path
from webhook.model.pod import (
    NO_METADATA,
    NO_SPEC,
    ContainerView,
    OwnerReference,
    PodView,
    ResourceRequirements,
    pod_view,
)

_SPEC_TEMPLATE: Path = ("spec", "template")
# (API group, kind) -> where the Pod or its template stands.
_TEMPLATES: dict[tuple[str, str], Path] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): _SPEC_TEMPLATE,
    ("apps", "DaemonSet"): _SPEC_TEMPLATE,
    ("apps", "Deployment"): _SPEC_TEMPLATE,
    ("apps", "ReplicaSet"): _SPEC_TEMPLATE,
    ("apps", "StatefulSet"): _SPEC_TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("batch", "Job"): _SPEC_TEMPLATE,
}
# The kind that owns the Pods, where that is not the manifest's own; None: nobody.
_OWNERS = {"Pod": None, "PodTemplate": None, "Deployment": "ReplicaSet", "CronJob": "Job"}
# Labels that the controller puts on its Pods; values that only a cluster knows are left empty.
_LABELS = {
    "DaemonSet": ("controller-revision-hash", "pod-template-generation"),
    "Deployment": ("pod-template-hash",),
    "Job": ("batch.kubernetes.io/job-name", "job-name"),
    "CronJob": ("batch.kubernetes.io/job-name", "job-name"),
    "StatefulSet": (
        "apps.kubernetes.io/pod-index",
        "controller-revision-hash",
        "statefulset.kubernetes.io/pod-name",
    ),
}


class Manifest(Struct, frozen=True):
    """An object with a Pod in it."""

    kind: str
    name: str
    namespace: str | None
    at: Path
    """Where the Pod, or its template, stands in the object; `()` for a Pod."""
    template: PodView
    """As written: what operations are made for."""
    admitted: PodView
    """As admission would see the Pod: what is evaluated."""


def manifest_of(obj: dict[str, Any]) -> Manifest | None:
    """The Pod of a Kubernetes object; None for objects that make no Pods.

    Raises msgspec.ValidationError naming the field of the template that no API server would read.
    """
    kind = str(obj.get("kind"))
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    at = _TEMPLATES.get((group, kind))
    found: Any = obj
    for step in at or ():
        found = found.get(step) if isinstance(found, dict) else None
    if at is None or not isinstance(found, dict):
        return None
    template = pod_view(found)
    metadata = obj.get("metadata") or {}
    name = str(metadata.get("name") or metadata.get("generateName") or "")
    admitted = _defaulted(_created(template, kind, name))
    return Manifest(kind, name, metadata.get("namespace"), at, template, admitted)


def _created(template: PodView, kind: str, name: str) -> PodView:
    """The Pod as its controller creates it."""
    owner = _OWNERS.get(kind, kind)
    if owner is None:
        return template
    metadata = template.metadata or NO_METADATA
    labels = {**dict.fromkeys(_LABELS.get(kind, ()), ""), **(metadata.labels or {})}
    return structs.replace(
        template,
        metadata=structs.replace(
            metadata,
            generateName=f"{name}-",
            labels=labels,
            ownerReferences=[OwnerReference(owner, name, controller=True)],
        ),
    )


def _defaulted(pod: PodView) -> PodView:
    """The Pod after the API server's own defaulting, as far as any rule reads it."""
    spec = pod.spec or NO_SPEC
    return structs.replace(
        pod,
        spec=structs.replace(
            spec,
            containers=_all_defaulted(spec.containers),
            initContainers=_all_defaulted(spec.initContainers),
        ),
    )


def _all_defaulted(containers: list[ContainerView] | None) -> list[ContainerView] | None:
    return containers and [_with_requests(container) for container in containers]


def _with_requests(container: ContainerView) -> ContainerView:
    """Limits are copied to the requests that are missing."""
    resources = container.resources
    if resources is None or not resources.limits:
        return container
    requests = {**resources.limits, **(resources.requests or {})}
    return structs.replace(container, resources=ResourceRequirements(resources.limits, requests))
