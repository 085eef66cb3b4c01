"""What a plan is made from, besides the Pods: Nodes, usage, autoscalers, and what the user allows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from msgspec import Struct, structs

from webhook.audit.costs.autoscalers import Autoscaler
from webhook.audit.findings import Amounts
from webhook.model.quantity import Quantity
from webhook.resize.pod import Container, Field, Pod, Values
from webhook.resize.sizes import Amount, Size
from webhook.usage.measured import ContainerUsage, InUse

Wanted = Mapping[str, Mapping[str, Size]]
"""By container and resource."""


def sizes_of(values: Values) -> Wanted:
    """These very values."""
    wanted: dict[str, dict[str, Size]] = {}
    for field, value in values.items():
        size = wanted.setdefault(field.container, {}).get(field.resource, Size())
        wanted[field.container][field.resource] = size.with_side(field.side, Amount(value))
    return wanted


class Node(Struct, frozen=True):
    """A Node with all Pods on it."""

    kubelet: int | None = None
    """The x of its version 1.x; None if it is not known."""
    allocatable: Amounts = {}
    requested: Amounts = {}
    """Of all its Pods, the larger of spec and allocated, as its kubelet and the scheduler count."""


class PodUsage(Struct, frozen=True):
    containers: Mapping[str, ContainerUsage] = {}
    has_cache: bool = False
    """Whether memory includes the page cache, which a kubelet compares with a new limit: the metrics API
    leaves it out."""


class VerticalAutoscaler(Struct, frozen=True):
    """A VerticalPodAutoscaler that changes running Pods."""

    name: str
    mode: str
    containers: Mapping[str, frozenset[str]]
    """The resources that it controls, by container; `*` for those that are not named."""

    def controls(self, field: Field) -> bool:
        return field.resource in self.containers.get(field.container, self.containers.get("*", frozenset()))


class Facts(Struct, frozen=True, kw_only=True):
    kubernetes: int | None = None
    """The x of the API server's version 1.x."""
    nodes: Mapping[str, Node] = {}
    usage: Mapping[str, PodUsage] = {}
    """By the name of the Pod."""
    autoscalers: tuple[Autoscaler, ...] = ()
    """Those of the owner."""
    vertical: tuple[VerticalAutoscaler, ...] = ()
    knows_autoscalers: bool = True
    """Whether the user may read both kinds."""
    rollout: str = ""
    """Why the owner replaces Pods at the moment; empty if it does not."""


class Allowed(Struct, frozen=True, kw_only=True):
    """What the user allows."""

    margin_milli: int = 1200
    """A lower memory limit is at least this many thousandths of what is in use; 0: whatever is in use."""
    restart: bool = False
    hpa: bool = False
    waiting: bool = False
    """To ask a Node for more than it has, and wait for it."""


class Change(NamedTuple):
    field: Field
    before: Quantity | None
    after: Quantity

    @property
    def is_smaller_memory_limit(self) -> bool:
        """Also a limit for a container that has none."""
        is_limit = self.field.side == "limits" and self.field.resource == "memory"
        return is_limit and (self.before is None or self.after.milli < self.before.milli)


class Case(Struct, frozen=True, kw_only=True):
    """One Pod, and the changes asked for."""

    pod: Pod
    changes: tuple[Change, ...]
    facts: Facts
    allowed: Allowed

    @property
    def node(self) -> Node:
        return self.facts.nodes.get(self.pod.node, _UNKNOWN_NODE)

    @property
    def after(self) -> dict[Field, Quantity]:
        """All values of the Pod once it is resized."""
        return {**self.pod.values(), **{each.field: each.after for each in self.changes}}

    @property
    def version(self) -> int | None:
        """The x of 1.x, of the API server or of the kubelet, the older one; None if neither is known."""
        versions = [each for each in (self.facts.kubernetes, self.node.kubelet) if each is not None]
        return min(versions) if versions else None

    def changed_containers(self) -> list[Container]:
        names = {each.field.container for each in self.changes}
        return [each for each in self.pod.containers() if each.name in names]

    def container_of(self, change: Change) -> Container:
        return next(each for each in self.pod.containers() if each.name == change.field.container)

    def restarts(self) -> tuple[str, ...]:
        """The containers that the kubelet restarts for it.

        One entry with RestartContainer is enough, and a changed request counts (k8s.io/kubernetes
        `pkg/kubelet/kuberuntime/kuberuntime_manager.go`, `computePodResizeAction`).
        """
        resources = {(each.field.container, each.field.resource) for each in self.changes}
        return tuple(
            container.name
            for container in self.pod.containers()
            if any(
                name == container.name and container.restarts_for(resource) for name, resource in resources
            )
        )


_UNKNOWN_NODE = Node()
_NOTHING = ContainerUsage(cpu=0, memory=0)


def with_in_use(facts: Facts, in_use: InUse) -> Facts:
    """With what a Prometheus API says, which counts memory with the page cache too; whichever says more."""
    usage = dict(facts.usage)
    for (name, container), found in in_use.items():
        known = usage.get(name, PodUsage())
        now = known.containers.get(container, _NOTHING)
        most = ContainerUsage(memory=max(now.memory, found.memory), cpu=now.cpu or found.cpu)
        usage[name] = PodUsage(containers={**known.containers, container: most}, has_cache=True)
    return structs.replace(facts, usage=usage)
