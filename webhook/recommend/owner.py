"""An owner of Pods as it stands, with what its Pods must fit into. Pure.

Amounts are in thousandths: of a CPU, of a byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct

from webhook.audit.costs.autoscalers import Autoscaler
from webhook.audit.findings import Amounts
from webhook.model.names import QOS_RESOURCES, WorkloadType
from webhook.model.policy import Bounds
from webhook.model.subject import ContainerKind
from webhook.resize.facts import VerticalAutoscaler
from webhook.workloads.workload import Ref


class Size(NamedTuple):
    """Of one resource of a container; None: not set."""

    request: int | None = None
    limit: int | None = None

    @property
    def is_equal(self) -> bool:
        return self.request == self.limit and bool(self.limit)

    def changed(self, after: Size) -> Size:
        """The sides of `after` that differ; None for the others."""
        return Size(*(new if new != old else None for old, new in zip(self, after, strict=True)))


class ContainerState(Struct, frozen=True, kw_only=True):
    """A container of live Pods, so sidecars that are injected count too."""

    name: str
    kind: ContainerKind = ContainerKind.REGULAR
    sizes: Mapping[str, Size] = {}
    """By resource; requests as the API server stores them."""
    runtime: str = ""
    """What runs in it and uses the memory that it is given; empty if nothing is known to."""
    devices: int = 0
    """How many accelerators it requests."""
    is_in_template: bool = True

    def size(self, resource: str) -> Size:
        return self.sizes.get(resource, Size())


class Quota(Struct, frozen=True):
    """What of a ResourceQuota counts for the Pods of the owner."""

    name: str
    hard: Amounts = {}
    """By `requests.cpu`, `limits.memory` and so on."""
    used: Amounts = {}
    """By all Pods of the namespace, these included."""


class NodeSize(NamedTuple):
    name: str
    allocatable: Amounts


class OwnerState(Struct, frozen=True, kw_only=True):
    ref: Ref
    """The topmost owner."""
    containers: tuple[ContainerState, ...]
    types: tuple[WorkloadType, ...] = (WorkloadType.GENERAL,)
    pods: int = 1
    """How many it has."""
    most_pods: int = 1
    """How many it may have: in a rollout, and with the maximum of its HorizontalPodAutoscaler."""
    autoscalers: tuple[Autoscaler, ...] = ()
    knows_autoscalers: bool = True
    """False if they may not be read, and could scale it."""
    vertical: tuple[VerticalAutoscaler, ...] = ()
    """Those that change its Pods."""
    has_pod_level: bool = False
    """Its Pods have resources of their own, which decide."""
    container_bounds: tuple[Bounds, ...] = ()
    pod_bounds: tuple[Bounds, ...] = ()
    quotas: tuple[Quota, ...] = ()
    nodes: tuple[NodeSize, ...] = ()
    """Those that its Pods can be on; empty: not known."""

    @property
    def is_guaranteed(self) -> bool:
        """The QoS class of its Pods. A recommendation keeps it: a resize cannot change it."""
        return all(each.size(resource).is_equal for each in self.containers for resource in QOS_RESOURCES)

    def keeps_equal(self, container: ContainerState, resource: str) -> bool:
        """Whether the limit is the request, and stays so: memory of stateful Pods is not overcommitted."""
        is_stateful = resource == "memory" and WorkloadType.STATEFUL in self.types
        return self.is_guaranteed or (is_stateful and container.size(resource).is_equal)

    @property
    def is_batch(self) -> bool:
        """Whether its Pods run to an end."""
        return self.ref.kind in ("Job", "CronJob")
