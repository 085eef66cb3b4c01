"""Put together what is in force: policies of files, and what podtailor ships."""

from __future__ import annotations

from collections.abc import Iterable

from webhook.model.policy import Origin, Policy
from webhook.policies.load import load_all
from webhook.policies.shipped import Profile, built_in, presets


def in_force(paths: Iterable[str], profile: Profile, preset_names: Iterable[str] = ()) -> tuple[Policy, ...]:
    """Policies of `paths`, presets, built-ins; a ClusterWorkloadPolicy replaces what is shipped by its name.

    Raises InputError with every problem of every file, and for presets that there are none of.
    """
    own = load_all(paths)
    replaced = {policy.name for policy in own if policy.origin is Origin.CLUSTER_WORKLOAD_POLICY}
    shipped = (*presets(preset_names), *built_in(profile))
    return (*own, *(policy for policy in shipped if policy.name not in replaced))
