"""Which policies are in force: those of files, presets and built-ins, merged."""

from __future__ import annotations

from pathlib import Path

from tests.policies.documents import HEAD, write
from webhook.model.policy import Origin
from webhook.policies.merge import in_force
from webhook.policies.shipped import Profile, built_in


def test_cluster_policy_replaces_the_built_in_of_its_name(tmp_path: Path) -> None:
    own = write(tmp_path, (HEAD + "  {}\n").replace("{name: p}", "{name: gpu}"))
    names = [(policy.name, policy.origin) for policy in in_force([own], Profile.SAFE)]
    assert names.count(("gpu", Origin.CLUSTER_WORKLOAD_POLICY)) == 1
    assert ("gpu", Origin.BUILT_IN) not in names


def test_namespaced_policy_replaces_none(tmp_path: Path) -> None:
    text = (
        (HEAD + "  {}\n")
        .replace("{name: p}", "{name: gpu, namespace: ns}")
        .replace("kind: Cluster", "kind: ")
    )
    assert len(in_force([write(tmp_path, text)], Profile.SAFE)) == 5


def test_profiles() -> None:
    assert in_force([], Profile.OFF) == ()
    assert all(policy.regular_containers_only for policy in built_in(Profile.SAFE))
    assert not any(policy.regular_containers_only for policy in built_in(Profile.STRICT))
    assert not any(
        policy.resources
        and (policy.resources.default or policy.resources.limit_factor or policy.resources.guaranteed)
        for policy in built_in(Profile.SAFE)
    ), "safe never sets a limit"
