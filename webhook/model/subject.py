"""One Pod under review, with what edits and policies need to know about it, derived once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum

from msgspec import Struct, structs

from webhook.model.accelerators import NONE, Accelerators, Devices
from webhook.model.declared import NO_LISTS, DeclaredLists, declared_lists
from webhook.model.image_platforms import NOTHING, ImagePlatforms, Known
from webhook.model.images import repository
from webhook.model.names import SKIP_CONTAINERS, WorkloadType
from webhook.model.patch import Path
from webhook.model.pod import (
    NO_METADATA,
    NO_SPEC,
    ContainerView,
    ObjectMeta,
    PodSpec,
    PodView,
    ResourceList,
    Toleration,
    effective_requests,
)
from webhook.model.policy import Bounds
from webhook.model.text import NAME_LENGTH, truncate


class ContainerKind(Enum):
    REGULAR = "container"
    SIDECAR = "sidecar"
    INIT = "init container"


class Container(Struct, frozen=True, kw_only=True):
    """A container of the Pod, its path, and what it requests."""

    name: str
    view: ContainerView
    path: Path
    kind: ContainerKind
    devices: Devices
    limits: ResourceList
    repository: str
    """Of its image, without tag and digest."""
    requests: ResourceList
    """With those that the API server takes from limits."""


class Namespace(Struct, frozen=True):
    name: str
    labels: Mapping[str, str] = {}
    has_best_effort_quota: bool = False
    """A ResourceQuota has scope BestEffort or NotBestEffort: a change of QoS class could exceed it."""
    counts_ephemeral_storage: bool = False
    """A ResourceQuota counts ephemeral-storage: what is added could exceed it."""
    container_bounds: tuple[Bounds, ...] = ()
    """Of its LimitRanges, which the API server checks after mutation."""
    pod_bounds: tuple[Bounds, ...] = ()
    node_selector: Mapping[str, str] = {}
    """The selector that the plugin PodNodeSelector, if enabled, requires of its Pods."""
    allowed_tolerations: tuple[Toleration, ...] = ()
    """The plugin PodTolerationRestriction, if enabled, denies all others; empty: it denies none."""


class Subject(Struct, frozen=True, kw_only=True):
    """A Pod about to be created in a namespace. Classification adds `types`."""

    metadata: ObjectMeta
    spec: PodSpec
    namespace: Namespace
    owner: str | None
    """Kind of the controlling owner, if there is one."""
    containers: tuple[Container, ...]
    """Regular containers, then init containers and sidecars; never ephemeral ones."""
    skip_containers: frozenset[str]
    """Names in the annotation `skip-containers`: no edit changes these."""
    labels: Mapping[str, str]
    """The Pod's; null is the empty string, as for the API server."""
    declared: DeclaredLists = NO_LISTS
    """What must stay unchanged, so that the Pod can be applied again."""
    types: tuple[WorkloadType, ...] = ()
    image_platforms: Known = {}
    """What is known of the images of all Pods."""
    supports_resize_policy: bool = True
    """Whether the API server takes a resizePolicy."""

    @property
    def images(self) -> dict[str, ImagePlatforms]:
        """What is known of the image of each container, as it is written there."""
        known = self.image_platforms
        return {each: known.get(each, NOTHING) for each in [one.view.image or "" for one in self.containers]}

    @property
    def is_daemon(self) -> bool:
        return self.owner == "DaemonSet"

    def with_types(self, types: tuple[WorkloadType, ...]) -> Subject:
        return structs.replace(self, types=types)


_NOTHING_KNOWN: Known = {}


def subject_of(
    pod: PodView,
    namespace: Namespace,
    accelerators: Accelerators,
    image_platforms: Known = _NOTHING_KNOWN,
) -> Subject:
    metadata, spec = pod.metadata or NO_METADATA, pod.spec or NO_SPEC
    skip_containers = (metadata.annotations or {}).get(SKIP_CONTAINERS) or ""
    owner = controller_kind(metadata)
    return Subject(
        metadata=metadata,
        spec=spec,
        namespace=namespace,
        owner=owner,
        containers=tuple(_containers(spec, accelerators)),
        skip_containers=frozenset([name.strip() for name in skip_containers.split(",") if name.strip()]),
        labels=labels_of(metadata),
        declared=NO_LISTS if owner else declared_lists(metadata),
        image_platforms=image_platforms,
    )


def labels_of(metadata: ObjectMeta) -> dict[str, str]:
    """Null is the empty string, as for the API server."""
    return {key: value or "" for key, value in (metadata.labels or {}).items()}


def controller_kind(metadata: ObjectMeta) -> str | None:
    """The kind of the owner with `controller: true`: Jobs of Kubernetes 1.36 may list another one first."""
    for owner in metadata.ownerReferences or ():
        if owner.controller:
            return owner.kind
    return None


def _containers(spec: PodSpec, accelerators: Accelerators) -> Iterator[Container]:
    for index, view in enumerate(spec.containers or ()):
        yield _container(view, ("spec", "containers", index), ContainerKind.REGULAR, accelerators)
    for index, view in enumerate(spec.initContainers or ()):
        kind = ContainerKind.SIDECAR if view.restartPolicy == "Always" else ContainerKind.INIT
        yield _container(view, ("spec", "initContainers", index), kind, accelerators)


def _container(view: ContainerView, path: Path, kind: ContainerKind, accelerators: Accelerators) -> Container:
    # Output names the container so. A truncated name is none that the API server admits.
    name = truncate(view.name, NAME_LENGTH)
    resources = view.resources
    requests: ResourceList = {}
    limits: ResourceList = {}
    devices = NONE
    if resources is not None:
        requests, limits = effective_requests(resources), resources.limits or {}
        devices = accelerators.devices(requests, limits)
    return Container(
        name=name,
        view=view,
        path=path,
        kind=kind,
        devices=devices,
        requests=requests,
        limits=limits,
        repository=repository(view.image or ""),
    )
