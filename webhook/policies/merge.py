"""Put together what is in force: policies of files, and what podtailor ships."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping

from msgspec import Struct

from webhook.engine.snapshot import Snapshot
from webhook.model.names import Mode
from webhook.model.policy import SHIPPED, Origin, Policy
from webhook.policies.load import load_or_raise
from webhook.policies.shipped import Profile, shipped


class Update(Struct, frozen=True):
    """A snapshot that is in force from now on, and what there is to say about where it comes from."""

    snapshot: Snapshot
    revisions: Mapping[str, str] = {}
    """Kind to the resourceVersion, or for files the count of reads, up to which it is complete."""
    unusable: int = 0
    """Policies that cannot be used as they are written."""


def merge(*sources: Iterable[Policy]) -> tuple[Policy, ...]:
    """All policies, of two with one name the first; a ClusterWorkloadPolicy replaces what is shipped."""
    first: dict[tuple[Origin, str | None, str], Policy] = {}
    for policy in itertools.chain(*sources):
        first.setdefault((policy.origin, policy.namespace, policy.name), policy)
    # One that is only tried takes nothing out of force.
    replaced = {
        policy.name
        for policy in first.values()
        if policy.origin is Origin.CLUSTER_WORKLOAD_POLICY and policy.mode is not Mode.AUDIT
    }
    return tuple(
        policy for policy in first.values() if policy.name not in replaced or policy.origin not in SHIPPED
    )


def in_force(paths: Iterable[str], profile: Profile, preset_names: Iterable[str] = ()) -> tuple[Policy, ...]:
    """Policies of `paths`, presets, built-ins; a ClusterWorkloadPolicy replaces what is shipped by its name.

    Raises InputError with every problem of every file, and for presets that there are none of.
    """
    return merge(load_or_raise(paths), shipped(profile, preset_names))
