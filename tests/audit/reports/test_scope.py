"""What an audit covered, in a few words."""

from __future__ import annotations

from tests.support.pods import policy
from webhook import __version__
from webhook.audit.reports.scope import Scope, facts
from webhook.engine.snapshot import snapshot_of
from webhook.model.names import MODE, Mode
from webhook.model.subject import Namespace
from webhook.policies.shipped import Profile, shipped

FILES = Scope(of="deploy/", manifests=("-f", "deploy/"))


def test_facts_of_files() -> None:
    assert facts(FILES, snapshot_of([], mode=Mode.AUDIT)) == {
        "Manifests": ["deploy/"],
        "podtailor": [__version__],
        "Mode": ["Audit"],
        "Policies": ["none"],
    }


def test_facts_of_a_cluster() -> None:
    namespaces = {name: Namespace(name, {MODE: "audit"} if name == "a" else {}) for name in "abc"}
    policies = (
        policy("{mode: Audit}", name="tried"),
        policy("{}", name="own", kind="WorkloadPolicy", namespace="a"),
        *shipped(Profile.SAFE, ["redis"]),
    )
    found = facts(Scope(of="prod"), snapshot_of(policies, namespaces=namespaces, kubernetes=36))
    assert found["Cluster"] == ["prod"]
    assert found["Kubernetes"] == ["1.36"]
    assert found["Mode"] == ["Enforce (1 in Audit of 3 namespaces)"]
    assert found["Policies"] == [
        "WorkloadPolicy: a/own",
        "ClusterWorkloadPolicy: tried (Audit)",
        "preset: redis",
        "built in (safe): gpu, stateful, arm64, general",
    ]


def test_what_is_only_tried_is_said() -> None:
    tried = Scope(of="prod", tried=("big.yaml",), what_if=True)
    assert facts(tried, snapshot_of([]))["Tried"] == [
        "big.yaml (policies tried from files)",
        "as if everything were enforced",
    ]


def test_of_many_policies_the_first_are_named() -> None:
    many = snapshot_of(policy("{}", name=f"team-{number:02}") for number in range(15))
    assert facts(FILES, many)["Policies"][0].endswith("team-10, team-11 and 3 more")
