"""The three ways of use, installed as a user would, one after the other on one cluster."""

from __future__ import annotations

import json

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.creating import Creating
from tests.e2e.kubelet import NAMESPACE, Kubelet
from tests.e2e.traffic import is_marked
from tests.support.pods import pod
from tests.support.processes import eventually

# While an overlay is applied or deleted calls may fail, and Pods are created all the same.
pytestmark = pytest.mark.lets_pods_through


LEFT = (
    "mutatingwebhookconfigurations,clusterroles,clusterrolebindings,customresourcedefinitions,priorityclasses"
)


def is_tailored(client: Client, namespace: str) -> bool:
    return is_marked(client.create(namespace, pod(), dry_run=True))


@pytest.mark.soak
def test_one_after_the_other(cluster: ControlPlane, client: Client, kubelet: Kubelet) -> None:
    """Audit, opt-in, cluster-wide, as the install page recommends; then away with it."""
    with Creating(client, cluster.create_namespace("busy", injection="enabled")) as creating:
        _one_after_the_other(cluster, client, kubelet)
    creating.check()


def _one_after_the_other(cluster: ControlPlane, client: Client, kubelet: Kubelet) -> None:
    plain = cluster.create_namespace("plain")
    opted_in = cluster.create_namespace("opted-in", injection="enabled")
    kubelet.apply("manifests/overlays/audit")
    assert kubelet.replica
    would_be = kubelet.replica.metric("podtailor_mutations_total{")
    assert not is_tailored(client, plain)
    client.create(plain, pod(metadata="name: real"))
    eventually(
        "the API server calls",
        lambda: kubelet.replica.metric("podtailor_mutations_total{") > would_be,  # type: ignore[union-attr]  # it runs
    )
    assert kubelet.replica.metric('podtailor_mutations_total{field="requests",mode="audit"') > 0
    assert kubelet.replica.metric('podtailor_mutations_total{field="requests",mode="enforce"') == 0

    kubelet.apply("manifests/overlays/opt-in")
    eventually("who opted in is tailored", lambda: is_tailored(client, opted_in))
    assert not is_tailored(client, plain)
    eventually("its line is written", lambda: opted_in in _asked(kubelet))
    assert plain not in _asked(kubelet), "others never reach us"

    kubelet.apply("manifests/overlays/cluster-wide")
    eventually("everybody is tailored", lambda: is_tailored(client, plain))
    assert is_tailored(client, opted_in)

    kubelet.delete("manifests/overlays/cluster-wide")
    assert not is_tailored(client, plain)
    eventually(
        "nothing is left", lambda: cluster.kubectl("get", "namespace", NAMESPACE, "--ignore-not-found") == ""
    )
    left = cluster.kubectl("get", LEFT, "--output=name")
    assert "podtailor" not in left


def _asked(kubelet: Kubelet) -> set[str]:
    """Namespaces that reviews were about."""
    assert kubelet.replica
    return {json.loads(line).get("review", {}).get("namespace") for line in kubelet.replica.process.lines}
