"""What evaluation uses besides the Pod: immutable, and replaced as a whole in the background."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct, structs

from webhook.engine.index import PolicyIndex
from webhook.model import quantity
from webhook.model.accelerators import Accelerators
from webhook.model.image_platforms import Known
from webhook.model.names import MODE, Mode
from webhook.model.notice import Notice
from webhook.model.pod import NO_SPEC, PodView, ResourceList, ResourceRequirements
from webhook.model.pod_resources import defaulted_pod_level
from webhook.model.policy import Bounds, Policy, Quantities
from webhook.model.subject import Namespace, Subject, subject_of

_MODE_LABELS = {"enforce": Mode.ENFORCE, "audit": Mode.AUDIT, "dryrun": Mode.AUDIT, "off": Mode.OFF}


class Request(Struct, frozen=True):
    """A Pod about to be created. Older API servers leave its namespace out of the Pod."""

    namespace: str
    pod: PodView


class Snapshot(Struct, frozen=True):
    """Policies, namespaces, and the server's settings."""

    policies: PolicyIndex = PolicyIndex()
    namespaces: Mapping[str, Namespace] = {}
    mode: Mode = Mode.ENFORCE
    accelerators: Accelerators = Accelerators()
    annotate: bool = True
    image_platforms: Known = {}
    """By image; empty if nothing is known of any."""
    knows_namespaces: bool = False
    """Whether `namespaces` come from a cluster: then a missing one may arrive in a moment."""
    kubernetes: int | None = None
    """Minor version of the API server; None if unknown."""

    def namespace(self, name: str) -> Namespace:
        """An unknown namespace counts as unlabelled."""
        return self.namespaces.get(name) or Namespace(name)

    def subject(self, request: Request) -> Subject:
        """The Pod as the API server will store it, in its namespace; not classified yet."""
        pod, namespace = request.pod, self.namespace(request.namespace)
        spec = pod.spec or NO_SPEC
        if spec.resources is not None and self.kubernetes is not None and self.kubernetes < _POD_LEVEL:
            namespace = _bounded_by(spec.resources, namespace)
            pod = structs.replace(pod, spec=structs.replace(spec, resources=None))
        subject = subject_of(pod, namespace, self.accelerators, self.image_platforms)
        if self.kubernetes is not None and self.kubernetes < _IN_PLACE:
            return structs.replace(subject, supports_resize_policy=False)
        if subject.spec.resources is not None:
            is_late = self.kubernetes is not None and self.kubernetes >= _DEFAULTED_LATE
            stored = defaulted_pod_level(subject, after_webhooks=is_late)
            return structs.replace(subject, spec=structs.replace(subject.spec, resources=stored))
        return subject


# Before 1.34 the gate PodLevelResources is off (k8s.io/kubernetes `pkg/features/kube_features.go`), and the
# API server drops `spec.resources` after webhooks have seen it.
_POD_LEVEL = 34
# From 1.37 the API server completes `spec.resources` after webhooks instead of before, and an empty one is
# unset (gates PodLevelResourcesFixDefaulting and PodLevelResourcesFixKubeletQOSClass).
_DEFAULTED_LATE = 37
# Before 1.33 the gate InPlacePodVerticalScaling is off, and so is `resizePolicy`.
_IN_PLACE = 33


def _bounded_by(whole: ResourceRequirements, namespace: Namespace) -> Namespace:
    """Someone may have turned the gate on: then containers must fit into the Pod-level resources."""
    limits, requests = _amounts(whole.limits), _amounts(whole.requests)
    return structs.replace(
        namespace,
        container_bounds=(*namespace.container_bounds, Bounds(max=limits)),
        pod_bounds=(*namespace.pod_bounds, Bounds(max={**limits, **requests})),
    )


def _amounts(raw: ResourceList | None) -> Quantities:
    read = {resource: quantity.read(amount) for resource, amount in (raw or {}).items()}
    return {resource: amount for resource, amount in read.items() if amount}


def snapshot_of(policies: Iterable[Policy], **settings: Any) -> Snapshot:
    return Snapshot(PolicyIndex(policies), **settings)


def mode_in(namespace: Namespace, snapshot: Snapshot) -> tuple[Mode, Notice | None]:
    """The mode of the namespace's label, else the server's; a warning for an unknown label value.

    The server's `Off` overrides every label; an unknown value counts as Audit.
    """
    label = namespace.labels.get(MODE)
    if snapshot.mode is Mode.OFF or label is None:
        return snapshot.mode, None
    mode = _MODE_LABELS.get(label.lower())
    if mode:
        return mode, None
    detail = f"namespace label {MODE}={label!r} is not enforce, audit or off: counted as audit"
    return Mode.AUDIT, Notice("unknown-mode", detail)
