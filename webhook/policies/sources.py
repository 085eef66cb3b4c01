"""Put together what is in force: policies of files, and what podtailor ships."""

from __future__ import annotations

from collections.abc import Iterable

from webhook.model.policy import Origin, Policy
from webhook.policies.load import load_all
from webhook.policies.shipped import Profile, built_in


def in_force(paths: Iterable[str], profile: Profile) -> tuple[Policy, ...]:
    """Policies of `paths` and the built-ins. A ClusterWorkloadPolicy replaces a built-in of its name.

    Raises InputError with every problem of every file.
    """
    own = load_all(paths)
    replaced = {policy.name for policy in own if policy.origin is Origin.CLUSTER_WORKLOAD_POLICY}
    return (*own, *(policy for policy in built_in(profile) if policy.name not in replaced))
