"""Rules of namespaces that an exported policy does not see, because the API server shows it none of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from webhook.engine.exemptions import EXCLUDED_NAMESPACES
from webhook.engine.metadata_warnings import opts_out
from webhook.model.names import MODE, Mode
from webhook.model.policy import Policy
from webhook.model.subject import Namespace


class Unseen(Struct, frozen=True):
    """Names of namespaces in which an exported policy would set something that their rules are about."""

    pod_bounds: tuple[str, ...] = ()
    """A LimitRange bounds the sums of a Pod: what is added may be refused."""
    others: tuple[str, ...] = ()
    """They have other rules, by which what is added may be refused too."""


def unseen(namespaces: Iterable[Namespace], policies: Sequence[Policy]) -> Unseen:
    enforced = [each for each in policies if each.mode is Mode.ENFORCE]
    sets_sizes = any(_sets_sizes(each) for each in enforced)
    tolerates = any(each.tolerations or each.accelerators.tolerations for each in enforced)
    in_scope = sorted(filter(is_in_scope, namespaces), key=lambda each: each.name)
    bounded = [each.name for each in in_scope if sets_sizes and _bounds_pods(each)]
    others = [
        each.name
        for each in in_scope
        if each.name not in bounded
        and ((sets_sizes and _has_rules_on_sizes(each)) or (tolerates and each.allowed_tolerations))
    ]
    return Unseen(tuple(bounded), tuple(others))


def is_in_scope(namespace: Namespace) -> bool:
    """Whether an exported policy changes Pods there."""
    return (
        namespace.name not in EXCLUDED_NAMESPACES
        and not opts_out(namespace.labels)
        and namespace.labels.get(MODE, "enforce").lower() == "enforce"
    )


def _sets_sizes(policy: Policy) -> bool:
    sizes = policy.resources
    return sizes is not None and bool(
        sizes.default or sizes.default_request or sizes.per_device or sizes.limit_factor or sizes.guaranteed
    )


def _bounds_pods(namespace: Namespace) -> bool:
    return any(each.max or each.ratio for each in namespace.pod_bounds)


def _has_rules_on_sizes(namespace: Namespace) -> bool:
    return (
        namespace.has_best_effort_quota
        or namespace.counts_ephemeral_storage
        or any(namespace.container_bounds)
    )
