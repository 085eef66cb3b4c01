"""Policies as the rules read them: frozen and parsed once. `webhook.policies` makes them from documents."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from msgspec import Struct

from webhook.model.globs import Glob
from webhook.model.images import ImageGlob
from webhook.model.names import Mode, WorkloadType
from webhook.model.pod import Toleration
from webhook.model.quantity import Quantity
from webhook.model.selectors import Selector

Quantities = Mapping[str, Quantity]


class Origin(IntEnum):
    """Where a policy comes from, in the order in which it is heard."""

    WORKLOAD_POLICY = 0
    CLUSTER_WORKLOAD_POLICY = 1
    PRESET = 2
    BUILT_IN = 3

    def __str__(self) -> str:
        return _ORIGINS[self]


SHIPPED = (Origin.PRESET, Origin.BUILT_IN)
_ORIGINS = ("WorkloadPolicy", "ClusterWorkloadPolicy", "preset", "built-in")


class Match(Struct, frozen=True):
    """Which Pods. None: no such clause."""

    workload_types: tuple[WorkloadType, ...] | None = None
    namespace_selector: Selector | None = None
    pod_selector: Selector | None = None
    annotations: Mapping[str, str] | None = None
    owner_kinds: tuple[str, ...] | None = None
    images: tuple[ImageGlob, ...] | None = None


class Scope(Struct, frozen=True):
    """Which containers of a matching Pod. None: all."""

    names: tuple[Glob, ...] | None = None
    images: tuple[ImageGlob, ...] | None = None

    @property
    def is_all(self) -> bool:
        return self.names is None and self.images is None

    def covers(self, name: str, repository: str) -> bool:
        """A container of this name, whose image is of this repository."""
        return (self.names is None or any(each.matches(name) for each in self.names)) and (
            self.images is None or any(each.matches(repository) for each in self.images)
        )


class Bounds(Struct, frozen=True):
    """Of a `core/v1 LimitRangeItem`: what requests and limits must keep to."""

    min: Quantities = {}
    max: Quantities = {}
    ratio: Quantities = {}
    """A limit is at most this many times its request."""

    def __bool__(self) -> bool:
        return bool(self.min or self.max or self.ratio)


class ResourceDefaults(Struct, frozen=True):
    """Requests and limits for containers that carry none, and bounds for all."""

    default: Quantities = {}
    default_request: Quantities = {}
    per_device: Quantities = {}
    limit_factor: Quantities = {}
    guaranteed: bool = False
    container: Bounds = Bounds()
    """For each container."""
    pod: Bounds = Bounds()
    """For the sums over the Pod."""
    deny: bool = False
    """Refuse a Pod whose own values break a bound, instead of warning."""


class AcceleratorRules(Struct, frozen=True):
    """What holds for containers that ask for an accelerator only."""

    resize_policy: Mapping[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    """Without key: each is added once per vendor asked for, with the key of that vendor's taint."""


class Policy(Struct, frozen=True):
    name: str
    origin: Origin
    namespace: str | None = None
    mode: Mode = Mode.ENFORCE
    priority: int = 0
    match: Match = Match()
    containers: Scope = Scope()
    resize_policy: Mapping[str, str] = {}
    node_selector: Mapping[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    resources: ResourceDefaults | None = None
    accelerators: AcceleratorRules = AcceleratorRules()
    regular_containers_only: bool = False
    """Of the safe profile: requests for regular containers only, and never on DaemonSet Pods."""
    source: str = ""
    """File and line, or what else tells a person where this policy stands."""

    @property
    def key(self) -> str:
        """`name`, or `namespace/name`."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


# The order in which the built-ins are heard: the most particular first.
BUILT_IN_ORDER = ("gpu", "stateful", "arm64", "general")


def precedence(policy: Policy) -> tuple[int, int, int, str, str]:
    """The sort key of design's order: origin, higher priority, name. Of two the first is heard first."""
    built_in = BUILT_IN_ORDER.index(policy.name) if policy.origin is Origin.BUILT_IN else 0
    return (policy.origin, -policy.priority, built_in, policy.name, policy.namespace or "")
