"""A running Pod as the resizer reads it: what it should have, and what its kubelet says about it.

Fields as in `core/v1` (k8s.io/api). Status fields of a resize: KEP-1287, "Allocating and actuating".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec
from msgspec import Struct

from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import Present, ResizePolicy, ResourceList
from webhook.model.pod_resources import SIDES, Side
from webhook.model.quantity import Quantity, read
from webhook.workloads.workload import OwnerReference

_MIRROR = "kubernetes.io/config.mirror"


class Field(NamedTuple):
    """A value that a resize can change."""

    container: str
    side: Side
    resource: str

    def __str__(self) -> str:
        return f"{self.container}: {self.side}.{self.resource}"


Values = Mapping[Field, Quantity]


class _Named(Struct, frozen=True):
    name: str = ""


class Resources(Struct, frozen=True):
    requests: ResourceList | None = None
    limits: ResourceList | None = None
    claims: list[_Named] | None = None

    def values(self, container: str) -> Iterator[tuple[Field, Quantity]]:
        for side, amounts in zip(SIDES, (self.requests, self.limits), strict=True):
            for resource in QOS_RESOURCES:
                amount = read(amounts[resource]) if amounts and resource in amounts else None
                if amount:
                    yield Field(container, side, resource), amount


class _EnvVar(Struct, frozen=True):
    name: str = ""
    value: str = ""


class Container(Struct, frozen=True):
    name: str = ""
    image: str = ""
    command: list[str] | None = None
    args: list[str] | None = None
    env: list[_EnvVar] | None = None
    restartPolicy: str | None = None
    resources: Resources = Resources()
    resizePolicy: list[ResizePolicy] | None = None

    def restarts_for(self, resource: str) -> bool:
        return any(
            each.resourceName == resource and each.restartPolicy == "RestartContainer"
            for each in self.resizePolicy or ()
        )

    @property
    def may_restart(self) -> bool:
        """Whether a resize of some resource restarts it."""
        return any(map(self.restarts_for, QOS_RESOURCES))


class Metadata(Struct, frozen=True):
    name: str = ""
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""
    generation: int = 0
    deletionTimestamp: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    ownerReferences: list[OwnerReference] | None = None

    @property
    def controller(self) -> OwnerReference | None:
        return next((each for each in self.ownerReferences or () if each.controller), None)


class _OS(Struct, frozen=True):
    name: str = ""


class Spec(Struct, frozen=True):
    nodeName: str = ""
    containers: list[Container] = []
    initContainers: list[Container] | None = None
    resources: Resources | None = None
    os: _OS = _OS()
    overhead: ResourceList | None = None


class Condition(Struct, frozen=True):
    type: str = ""
    status: str = ""
    reason: str = ""
    message: str = ""
    lastTransitionTime: str | None = None
    """Null if whoever set the condition gave none."""
    observedGeneration: int = 0


class Terminated(Struct, frozen=True):
    reason: str = ""


class Waiting(Struct, frozen=True):
    reason: str = ""


class _State(Struct, frozen=True):
    waiting: Waiting | None = None
    running: Present | None = None
    terminated: Terminated | None = None


class ContainerStatus(Struct, frozen=True):
    name: str = ""
    restartCount: int = 0
    ready: bool = False
    started: bool = False
    state: _State = _State()
    lastState: _State = _State()
    allocatedResources: ResourceList | None = None
    """The requests that the kubelet has accepted."""
    resources: Resources | None = None
    """What is in force in the container."""


class Status(Struct, frozen=True):
    phase: str = ""
    qosClass: str = ""
    observedGeneration: int = 0
    conditions: list[Condition] | None = None
    containerStatuses: list[ContainerStatus] | None = None
    initContainerStatuses: list[ContainerStatus] | None = None


class Pod(Struct, frozen=True):
    metadata: Metadata = Metadata()
    spec: Spec = Spec()
    status: Status = Status()

    @property
    def name(self) -> str:
        return self.metadata.name

    @property
    def title(self) -> str:
        return f"Pod {self.metadata.namespace}/{self.metadata.name}"

    @property
    def uid(self) -> str:
        return self.metadata.uid

    @property
    def node(self) -> str:
        return self.spec.nodeName

    @property
    def is_static(self) -> bool:
        """A mirror Pod, whose source is a file of its Node."""
        return _MIRROR in (self.metadata.annotations or {})

    @property
    def is_ready(self) -> bool:
        return any(each.type == "Ready" and each.status == "True" for each in self.status.conditions or ())

    @property
    def is_leaving(self) -> bool:
        """Whether it is being deleted, or has ended."""
        return bool(self.metadata.deletionTimestamp) or self.status.phase in ("Succeeded", "Failed")

    def condition(self, name: str) -> Condition | None:
        """The condition of this type, if it is True."""
        return next(
            (each for each in self.status.conditions or () if each.type == name and each.status == "True"),
            None,
        )

    def containers(self) -> Iterator[Container]:
        """Regular ones, then init containers and sidecars."""
        yield from self.spec.containers
        yield from self.spec.initContainers or ()

    def is_init(self, container: str) -> bool:
        return any(each.name == container for each in self.spec.initContainers or ())

    def container_statuses(self) -> Iterator[ContainerStatus]:
        yield from self.status.containerStatuses or ()
        yield from self.status.initContainerStatuses or ()

    def container_status(self, name: str) -> ContainerStatus | None:
        return next((each for each in self.container_statuses() if each.name == name), None)

    def values(self) -> dict[Field, Quantity]:
        """The requests and limits in its spec, of CPU and memory."""
        return values_of(self.containers())

    def allocated(self) -> dict[Field, Quantity]:
        """The requests that its kubelet has accepted."""
        return {
            field: value
            for each in self.container_statuses()
            for field, value in Resources(requests=each.allocatedResources).values(each.name)
        }


def values_of(containers: Iterable[Container]) -> dict[Field, Quantity]:
    """Their requests and limits, of CPU and memory."""
    return {field: value for each in containers for field, value in each.resources.values(each.name)}


def resources_of(container: str, values: Values) -> dict[str, dict[str, str]]:
    """The `resources` of a container with those of the values that are its own."""
    resources: dict[str, dict[str, str]] = {}
    for field, value in values.items():
        if field.container == container:
            resources.setdefault(field.side, {})[field.resource] = value.text
    return resources


_DECODER = msgspec.json.Decoder(Pod)


def read_pod(raw: bytes) -> Pod:
    """Raises msgspec.ValidationError, which names the field, if it is none."""
    return _DECODER.decode(raw)
