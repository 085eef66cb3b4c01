"""The three ways of use, installed as a user would, one after the other on one cluster."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.kubelet import NAMESPACE, Kubelet
from tests.support.pods import pod
from tests.support.processes import eventually

# While an overlay is applied or deleted calls may fail, and Pods are created all the same.
pytestmark = pytest.mark.lets_pods_through


class Creating(threading.Thread):
    """Creates Pods all the time; one that is refused, or kept waiting, is remembered."""

    def __init__(self, client: Client, namespace: str) -> None:
        super().__init__(daemon=True)
        self._client, self._namespace = client, namespace
        self.stopped = threading.Event()
        self.created = 0
        self.slowest = 0.0
        self.failure: Exception | None = None

    def run(self) -> None:
        while not self.stopped.is_set():
            started = time.monotonic()
            try:
                self._client.create(self._namespace, pod(), dry_run=True)
            except Exception as failure:  # noqa: BLE001 (whatever it is, the test says it)
                self.failure = failure
                return
            self.created += 1
            self.slowest = max(self.slowest, time.monotonic() - started)


@pytest.fixture
def creating(cluster: ControlPlane, client: Client) -> Iterator[Creating]:
    made = Creating(client, cluster.create_namespace("busy", injection="enabled"))
    made.start()
    yield made
    made.stopped.set()
    made.join()


def _is_tailored(client: Client, namespace: str) -> bool:
    created = client.create(namespace, pod(), dry_run=True)
    return "podtailor.dev/applied" in created["metadata"].get("annotations", {})


def test_one_after_the_other(
    cluster: ControlPlane, client: Client, kubelet: Kubelet, creating: Creating
) -> None:
    """Audit, opt-in, cluster-wide, as the install page recommends; then away with it."""
    plain = cluster.create_namespace("plain")
    opted_in = cluster.create_namespace("opted-in", injection="enabled")
    kubelet.apply("manifests/overlays/audit")
    assert kubelet.replica
    would_be = kubelet.replica.metric("podtailor_mutations_total{")
    assert not _is_tailored(client, plain)
    client.create(plain, pod(metadata="name: real"))
    eventually(
        "the API server calls",
        lambda: kubelet.replica.metric("podtailor_mutations_total{") > would_be,  # type: ignore[union-attr]  # it runs
    )
    assert kubelet.replica.metric('podtailor_mutations_total{field="requests",mode="audit"') > 0
    assert kubelet.replica.metric('podtailor_mutations_total{field="requests",mode="enforce"') == 0

    kubelet.apply("manifests/overlays/opt-in")
    eventually("who opted in is tailored", lambda: _is_tailored(client, opted_in))
    assert not _is_tailored(client, plain)
    asked = {json.loads(line).get("review", {}).get("namespace") for line in kubelet.replica.process.lines}
    assert opted_in in asked
    assert plain not in asked, "others never reach us"

    kubelet.apply("manifests/overlays/cluster-wide")
    eventually("everybody is tailored", lambda: _is_tailored(client, plain))
    assert _is_tailored(client, opted_in)

    kubelet.delete("manifests/overlays/cluster-wide")
    assert not _is_tailored(client, plain)
    eventually(
        "nothing is left", lambda: cluster.kubectl("get", "namespace", NAMESPACE, "--ignore-not-found") == ""
    )
    left = cluster.kubectl(
        "get", "mutatingwebhookconfigurations,clusterroles,clusterrolebindings", "--output=name"
    )
    assert "podtailor" not in left
    creating.stopped.set()
    creating.join()
    print(f"\n{creating.created} Pods created meanwhile, the slowest in {creating.slowest:.1f} s")
    assert creating.failure is None
    assert creating.created > 100
    assert creating.slowest < 3, "the webhook's two seconds, and some"
