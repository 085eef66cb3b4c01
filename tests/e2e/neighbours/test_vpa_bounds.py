"""Bounds of a policy hold for what the Vertical Pod Autoscaler sets too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.client import Client, Refused
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.neighbours.autoscaler import Autoscaler
from tests.support.pods import pod
from tests.support.processes import eventually

BOUNDED = """
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: bounded}
spec:
  resources:
    limits: [{type: Container, max: {memory: 280Mi}}]
    onViolation: Deny
"""


@pytest.fixture(scope="module")
def webhook_flags(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    policies = tmp_path_factory.mktemp("policies") / "bounded.yaml"
    policies.write_text(BOUNDED)
    return ["--builtin=strict", f"--policies={policies}"]


@pytest.fixture(scope="module")
def autoscaler(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Autoscaler]:
    with Autoscaler(cluster, tmp_path_factory.mktemp("vpa")) as started:
        yield started


@pytest.mark.lets_pods_through
def test_policy_that_denies_refuses_what_is_recommended_above_its_bounds(
    client: Client, autoscaler: Autoscaler, namespace: str
) -> None:
    sent = autoscaler.prepared(pod())
    assert client.create(namespace, sent, dry_run=True), "podtailor's own values are within the bounds"
    autoscaler.enable(namespace)

    def is_refused() -> bool:
        try:
            client.create(namespace, sent, dry_run=True)
        except Refused as refused:
            return "280Mi" in refused.message
        return False

    eventually("it is refused, once there is a recommendation", is_refused)
    limits = [{"type": "Container", "max": {"memory": "280Mi"}}]
    bound = {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "bound"},
        "spec": {"limits": limits},
    }
    client.make(namespace, bound)
    eventually("it is accepted, with a bound that both know", lambda: not is_refused())
    taken = client.create(namespace, sent, dry_run=True)
    (container,) = taken["spec"]["containers"]
    assert {side: container["resources"][side]["memory"] for side in ("requests", "limits")} == {
        "requests": "280Mi",
        "limits": "280Mi",
    }
