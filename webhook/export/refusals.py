"""What of a policy is not exported, and why. All that is not listed here is compiled, or changes no Pod."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct

from webhook.export.resources.edit import unsupported
from webhook.messages import MESSAGES
from webhook.model.names import Mode
from webhook.model.pod import Toleration
from webhook.model.policy import (
    AcceleratorRules,
    Bounds,
    Match,
    NodeAffinityRules,
    PlatformRules,
    Policy,
    ResourceDefaults,
    Scope,
    Sizing,
)

Location = tuple[str | int, ...]


class Refusal(Struct, frozen=True):
    """A policy that cannot be exported, by the field that it would lose."""

    policy: Policy | None
    """None if it is about all policies together."""
    name: str
    """Its stable name, as in docs/messages.md."""
    field: str
    """As in `spec.resources.onViolation`; empty for the whole policy."""
    at: Location = ()
    """Of the field in the document; the item of a list by its type."""
    detail: str = ""
    """Instead of the title of the message, where there is more to say."""

    @property
    def reason(self) -> str:
        return self.detail or MESSAGES[self.name].title


class _Rule(Struct, frozen=True):
    name: str
    field: str
    at: Location
    applies: Callable[[Policy], bool]


def _resources(policy: Policy) -> ResourceDefaults:
    return policy.resources or ResourceDefaults()


# Values of a patch pass through `structpb.Value`, whose numbers are doubles: google/cel-go
# `common/types/int.go` makes larger integers texts.
_MAX_INTEGER = 2**53 - 1


def _exceed_integers(tolerations: Iterable[Toleration]) -> bool:
    return any(abs(each.tolerationSeconds or 0) > _MAX_INTEGER for each in tolerations)


_LIMITS = ("spec", "resources", "limits")
_RULES = (
    _Rule("exports-no-audit", "spec.mode", ("spec", "mode"), lambda policy: policy.mode is Mode.AUDIT),
    _Rule(
        "exports-no-denial",
        "spec.resources.onViolation",
        ("spec", "resources", "onViolation"),
        lambda policy: _resources(policy).deny,
    ),
    _Rule(
        "exports-no-pod-bounds",
        "spec.resources.limits[type=Pod]",
        (*_LIMITS, "Pod"),
        lambda policy: bool(_resources(policy).pod),
    ),
    _Rule(
        "exports-no-ratio",
        "spec.resources.limits[type=Container].maxLimitRequestRatio",
        (*_LIMITS, "Container", "maxLimitRequestRatio"),
        lambda policy: bool(_resources(policy).container.ratio),
    ),
    _Rule(
        "exports-no-seconds",
        "spec.tolerations",
        ("spec", "tolerations"),
        lambda policy: _exceed_integers(policy.tolerations),
    ),
    _Rule(
        "exports-no-seconds",
        "spec.accelerators.tolerations",
        ("spec", "accelerators", "tolerations"),
        lambda policy: _exceed_integers(policy.accelerators.tolerations),
    ),
    _Rule(
        "exports-no-platforms",
        "spec.match.imagePlatforms",
        ("spec", "match", "imagePlatforms"),
        lambda policy: policy.match.image_platforms is not None,
    ),
    _Rule(
        "exports-no-platforms",
        "spec.exclude.imagePlatforms",
        ("spec", "exclude", "imagePlatforms"),
        lambda policy: policy.exclude.image_platforms is not None,
    ),
)


def refusals(policies: Iterable[Policy]) -> Iterator[Refusal]:
    """Every reason of every policy that is not off."""
    for policy in policies:
        if policy.mode is not Mode.OFF:
            yield from (
                Refusal(policy, rule.name, rule.field, rule.at) for rule in _RULES if rule.applies(policy)
            )
            for field, reason in unsupported(policy):
                at = ("spec", *field.split(".", 2))
                yield Refusal(policy, "exports-no-amount", f"spec.{field}", at, reason)


class Fate(StrEnum):
    """What becomes of a field of a policy."""

    COMPILED = "compiled"
    REFUSED = "refused"
    """By a rule above; other values of it may be compiled."""
    IDLE = "changes no Pod"


KNOWN: Mapping[type[Struct], Mapping[str, Fate]] = MappingProxyType(
    {
        Policy: {
            **dict.fromkeys(("name", "origin", "namespace", "priority"), Fate.COMPILED),
            **dict.fromkeys(("match", "exclude", "containers", "regular_containers_only"), Fate.COMPILED),
            **dict.fromkeys(
                ("resize_policy", "node_selector", "node_affinity", "tolerations"), Fate.COMPILED
            ),
            **dict.fromkeys(("resources", "accelerators"), Fate.COMPILED),
            "mode": Fate.REFUSED,
            **dict.fromkeys(("recommend", "source"), Fate.IDLE),
        },
        Match: {
            **dict.fromkeys(("workload_types", "namespace_selector", "pod_selector"), Fate.COMPILED),
            **dict.fromkeys(("annotations", "owner_kinds", "images", "resources"), Fate.COMPILED),
            "image_platforms": Fate.REFUSED,
        },
        PlatformRules: dict.fromkeys(("all", "lacking"), Fate.REFUSED),
        Scope: dict.fromkeys(("names", "images"), Fate.COMPILED),
        ResourceDefaults: {
            **dict.fromkeys(("default", "default_request", "per_device", "limit_factor"), Fate.COMPILED),
            **dict.fromkeys(("guaranteed", "container"), Fate.COMPILED),
            **dict.fromkeys(("pod", "deny"), Fate.REFUSED),
        },
        Bounds: {"min": Fate.COMPILED, "max": Fate.COMPILED, "ratio": Fate.REFUSED},
        NodeAffinityRules: dict.fromkeys(("required", "preferred"), Fate.COMPILED),
        AcceleratorRules: dict.fromkeys(("resize_policy", "tolerations"), Fate.COMPILED),
        Sizing: dict.fromkeys(("cpu_quantile", "cpu_margin", "memory_margin", "window"), Fate.IDLE),
    }
)
"""All fields. A test demands that none is missing, so that no new one is forgotten."""
