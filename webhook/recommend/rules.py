"""Which margins and thresholds apply: the defaults, and what policies say for their workloads. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct, structs

from webhook.model.policy import Policy


class Rules(Struct, frozen=True, kw_only=True):
    """Factors and shares in thousandths."""

    cpu_quantile: int = 950
    """As it is asked of the source."""
    window: int = 7 * 86400
    """Seconds, as it is asked of the source."""
    cpu_margin: int = 1150
    memory_margin: int = 1150
    limit_factor: Mapping[str, int] = {}
    """By resource: the limit as a multiple of the request."""
    min_change: int = 100
    max_shrink: int = 500
    """How much less one run may make of a request."""
    with_hpa: bool = False
    """Change the request that a HorizontalPodAutoscaler goes by, together with its target."""
    allow_shrink_memory: bool = False
    """Also of runtimes that use what they are given."""


def rules_for(defaults: Rules, policies: Iterable[Policy], container: str, repository: str) -> Rules:
    """With what the policies that match its Pod say of a container, in order of precedence.

    The first policy that sets a value decides it.
    """
    values: dict[str, int] = {}
    factors: dict[str, int] = {}
    for policy in policies:
        if not policy.containers.covers(container, repository):
            continue
        if policy.recommend:
            for name in ("cpu_quantile", "cpu_margin", "memory_margin", "window"):
                value = getattr(policy.recommend, name)
                if value is not None:
                    values.setdefault(name, value)
        if policy.resources:
            for resource, factor in policy.resources.limit_factor.items():
                factors.setdefault(resource, factor.milli)
    return structs.replace(defaults, **values, limit_factor={**defaults.limit_factor, **factors})
