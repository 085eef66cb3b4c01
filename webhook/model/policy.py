"""Policies as edits and engine read them: frozen, parsed once, compiled by `webhook.policies`."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from msgspec import Struct

from webhook.model.globs import Glob
from webhook.model.images import ImageGlob
from webhook.model.names import Mode, WorkloadType
from webhook.model.pod import NodeSelectorRequirement, PreferredSchedulingTerm, Toleration
from webhook.model.quantity import Quantity
from webhook.model.selectors import Selector

Quantities = Mapping[str, Quantity]


class Origin(IntEnum):
    """Where a policy comes from, in order of precedence."""

    WORKLOAD_POLICY = 0
    CLUSTER_WORKLOAD_POLICY = 1
    PRESET = 2
    BUILT_IN = 3

    def __str__(self) -> str:
        return _ORIGINS[self]


SHIPPED = (Origin.PRESET, Origin.BUILT_IN)
_ORIGINS = ("WorkloadPolicy", "ClusterWorkloadPolicy", "preset", "built-in")


class PlatformRules(Struct, frozen=True, omit_defaults=True):
    """What must be known of the images of a Pod's containers."""

    all: tuple[str, ...] = ()
    """Platforms that every image has."""
    lacking: tuple[str, ...] = ()
    """Platforms that at least one image lacks."""

    def __bool__(self) -> bool:
        return bool(self.all or self.lacking)


class Match(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Which Pods it applies to. None: any."""

    workload_types: tuple[WorkloadType, ...] | None = None
    namespace_selector: Selector | None = None
    pod_selector: Selector | None = None
    annotations: Mapping[str, str] | None = None
    owner_kinds: tuple[str, ...] | None = None
    images: tuple[ImageGlob, ...] | None = None
    resources: tuple[Glob, ...] | None = None
    """Names of extended resources and huge pages."""
    image_platforms: PlatformRules | None = None


class Scope(Struct, frozen=True, omit_defaults=True):
    """Which containers of a matching Pod it applies to. None: all."""

    names: tuple[Glob, ...] | None = None
    images: tuple[ImageGlob, ...] | None = None

    @property
    def is_all(self) -> bool:
        return self.names is None and self.images is None

    def covers(self, name: str, repository: str) -> bool:
        """Whether a container of this name, with an image of this repository, is in the scope."""
        return (self.names is None or any(each.matches(name) for each in self.names)) and (
            self.images is None or any(each.matches(repository) for each in self.images)
        )


class Bounds(Struct, frozen=True, omit_defaults=True):
    """Bounds on requests and limits, as in a `core/v1 LimitRangeItem`."""

    min: Quantities = {}
    max: Quantities = {}
    ratio: Quantities = {}
    """A limit is at most this many times its request."""

    def __bool__(self) -> bool:
        return bool(self.min or self.max or self.ratio)


class ResourceDefaults(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Requests and limits for containers without, and bounds for all."""

    default: Quantities = {}
    default_request: Quantities = {}
    per_device: Quantities = {}
    limit_factor: Quantities = {}
    guaranteed: bool = False
    container: Bounds = Bounds()
    """For each container."""
    pod: Bounds = Bounds()
    """For the totals of the Pod."""
    deny: bool = False
    """Deny a Pod whose own values violate a bound, instead of warning."""


class Sizing(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """How `podtailor recommend` sizes the containers. None: as its flags say.

    Changes no Pod. Factors and the quantile in thousandths, the window in seconds.
    """

    cpu_quantile: int | None = None
    cpu_margin: int | None = None
    memory_margin: int | None = None
    window: int | None = None


class NodeAffinityRules(Struct, frozen=True, omit_defaults=True):
    required: tuple[NodeSelectorRequirement, ...] = ()
    """All must hold, beside what the Pod requires."""
    preferred: tuple[PreferredSchedulingTerm, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.required or self.preferred)


class AcceleratorRules(Struct, frozen=True, omit_defaults=True):
    """For containers that request an accelerator only."""

    resize_policy: Mapping[str, str] = {}
    tolerations: tuple[Toleration, ...] = ()
    """Without key: each is added once per requested vendor, with the key of that vendor's taint."""


class Policy(Struct, frozen=True, omit_defaults=True, kw_only=True):
    name: str
    origin: Origin
    namespace: str | None = None
    mode: Mode = Mode.ENFORCE
    priority: int = 0
    match: Match = Match()
    exclude: Match = Match()
    """Pods that all of its clauses match are left out; none if it has no clause."""
    containers: Scope = Scope()
    resize_policy: Mapping[str, str] = {}
    node_selector: Mapping[str, str] = {}
    node_affinity: NodeAffinityRules = NodeAffinityRules()
    tolerations: tuple[Toleration, ...] = ()
    resources: ResourceDefaults | None = None
    accelerators: AcceleratorRules = AcceleratorRules()
    recommend: Sizing | None = None
    regular_containers_only: bool = False
    """As in the safe profile: resources for regular containers only, and never on DaemonSet Pods."""
    source: str = ""
    """File and line, or the object in the cluster, for output."""

    @property
    def platforms(self) -> tuple[str, ...]:
        """Those that it asks about images."""
        rules = (self.match.image_platforms, self.exclude.image_platforms)
        return tuple(dict.fromkeys(name for each in rules if each for name in (*each.all, *each.lacking)))

    @property
    def key(self) -> str:
        """`name`, or `namespace/name`."""
        return f"{self.namespace}/{self.name}" if self.namespace else self.name


# Built-in policies in order of precedence: the most specific first.
BUILT_IN_ORDER = ("gpu", "stateful", "arm64", "general")


def precedence(policy: Policy) -> tuple[int, int, int, str, str]:
    """The sort key of policies: by origin, then higher priority, then name. The first takes precedence."""
    built_in = BUILT_IN_ORDER.index(policy.name) if policy.origin is Origin.BUILT_IN else 0
    return (policy.origin, -policy.priority, built_in, policy.name, policy.namespace or "")
