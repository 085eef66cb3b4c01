"""Merge policies of several sources into those that are in force."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from msgspec import Struct

from webhook.engine.snapshot import Snapshot
from webhook.model.names import Mode
from webhook.model.policy import SHIPPED, Origin, Policy
from webhook.policies.shipped import Profile, shipped


class Update(Struct, frozen=True):
    """A new snapshot, and what metrics report about its sources."""

    snapshot: Snapshot
    revisions: Mapping[str, str] = {}
    """Kind to the resourceVersion up to which it is complete; for files the number of reads."""
    unusable: int = 0
    """How many policies cannot be used as they are written."""


def merge(*sources: Iterable[Policy]) -> tuple[Policy, ...]:
    """All policies; earlier sources win over later ones with a policy of the same kind and name.

    A ClusterWorkloadPolicy replaces a built-in policy or preset of its name, unless its mode is Audit.
    """
    first: dict[tuple[Origin, str | None, str], Policy] = {}
    for policy in itertools.chain(*sources):
        first.setdefault((policy.origin, policy.namespace, policy.name), policy)
    # A policy that only audits must not take another out of force.
    replaced = {
        policy.name
        for policy in first.values()
        if policy.origin is Origin.CLUSTER_WORKLOAD_POLICY and policy.mode is not Mode.AUDIT
    }
    return tuple(
        policy for policy in first.values() if policy.name not in replaced or policy.origin not in SHIPPED
    )


def in_force(paths: Iterable[str], profile: Profile, preset_names: Iterable[str] = ()) -> tuple[Policy, ...]:
    """Policies of `paths`, presets and built-ins, merged.

    Raises InputError with one line per problem of any file, and for unknown presets.
    """
    return merge(loaded_from(paths), shipped(profile, preset_names))


def loaded_from(paths: Iterable[str]) -> tuple[Policy, ...]:
    """The policies of `paths`. Raises InputError with one line per problem if there are any."""
    paths = list(paths)
    if not paths:
        return ()
    from webhook.policies.load import load_or_raise  # noqa: PLC0415 (pydantic takes longer than most commands)

    return load_or_raise(paths)
