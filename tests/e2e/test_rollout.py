"""Replicas are replaced, certificates and CAs rotate, policies change all the time: no Pod is missed.

Without a shutdown delay some are (six of 670): callers hear late of who has gone.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.e2e.balancer import Balancer
from tests.e2e.client import Client
from tests.e2e.conftest import FAILURES
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.replicas import LIFETIMES, Replicas
from tests.e2e.traffic import AT_ONCE, POD, PODS_A_SECOND, Traffic, is_marked
from tests.support.processes import eventually

pytestmark = pytest.mark.soak

SECONDS = float(os.environ.get("PODTAILOR_ROLLOUT_SECONDS", "30"))
REPLICAS = 3
# What goes on while Pods come: replicas are replaced, certificates rotate, policies change.
SCENARIOS = {
    "all at once": (True, True, True),
    "replaced": (True, False, False),
    "rotating": (True, True, False),
    "policies": (True, False, True),
}


@contextmanager
def _installed(
    cluster: ControlPlane, client: Client, folder: Path, *flags: str
) -> Iterator[tuple[Replicas, Balancer]]:
    """Three replicas that the API server calls."""
    with Balancer() as balancer:
        replicas = Replicas(cluster, balancer, folder, *flags)
        try:
            for _ in range(REPLICAS):
                replicas.start()
            eventually("the API server calls", lambda: is_marked(client.create("default", POD, dry_run=True)))
            yield replicas, balancer
        finally:
            replicas.stop()


@contextmanager
def _policies_change(cluster: ControlPlane) -> Iterator[list[int]]:
    """One policy, over and over. How often."""
    stopped = threading.Event()
    changes = [0]

    def change() -> None:
        while not stopped.wait(0.2):
            changes[0] += 1
            limits = [{"type": "Container", "defaultRequest": {"memory": f"{changes[0]}Mi"}}]
            policy = {
                "apiVersion": "podtailor.dev/v1alpha1", "kind": "ClusterWorkloadPolicy",
                "metadata": {"name": "changing"}, "spec": {"resources": {"limits": limits}},
            }  # fmt: skip
            cluster.apply("-f", "-", stdin=json.dumps(policy))

    thread = threading.Thread(target=change)
    thread.start()
    try:
        yield changes
    finally:
        stopped.set()
        thread.join()


@pytest.mark.parametrize(("replaces", "rotates", "changes"), SCENARIOS.values(), ids=SCENARIOS)
def test_no_pod_is_missed(
    cluster: ControlPlane, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    replaces: bool, rotates: bool, changes: bool,
) -> None:  # fmt: skip
    with _installed(cluster, client, tmp_path, *(LIFETIMES if rotates else ())) as (replicas, _):
        namespace = cluster.create_namespace(f"rolling-{replaces:d}{rotates:d}{changes:d}")
        before = cluster.metric(*FAILURES)
        ends = time.monotonic() + SECONDS
        replaced = 0
        with ExitStack() as going_on:
            changed = going_on.enter_context(_policies_change(cluster)) if changes else [0]
            traffic = going_on.enter_context(Traffic(client, namespace))
            while time.monotonic() < ends or replaced < REPLICAS:
                replicas.replace()
                replaced += 1
        failed = cluster.metric(*FAILURES) - before
        rotated, bundles = replicas.count_logged("Secret written"), replicas.count_logged("caBundle written")
    with capsys.disabled():
        print(
            f"\n{replaced} replicas replaced, Secret written {rotated} times, caBundle {bundles} times, "
            f"{changed[0]} policies: {traffic}, {failed:.0f} calls failed"
        )
    assert traffic.seen["missed"] == traffic.seen["refused"] == failed == 0
    assert traffic.seen["tailored"] > PODS_A_SECOND * SECONDS / 2
    if rotates:
        assert rotated > 3
        assert bundles > 1
    if changes:
        assert changed[0] > 10


def test_killed_replica_costs_what_it_was_doing(
    cluster: ControlPlane, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And what a Service sends it until two probes have failed; under Fail controllers come again."""
    with _installed(cluster, client, tmp_path) as (replicas, balancer):
        namespace = cluster.create_namespace("killed")
        with Traffic(client, namespace) as traffic:
            eventually("Pods come", lambda: traffic.seen["tailored"] > PODS_A_SECOND)
            replicas.kill()
            so_far = traffic.seen["tailored"]
            eventually("they go on coming", lambda: traffic.seen["tailored"] > so_far + 4 * PODS_A_SECOND)
        replicas.start()
        fail = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"}]
        cluster.kubectl(
            "patch", "mutatingwebhookconfiguration", "podtailor", "--type=json", f"--patch={json.dumps(fail)}"
        )
        retried = cluster.create_namespace("retried")
        wanted = 100
        refused = cluster.metric("apiserver_admission_webhook_rejection_count")
        _replica_set(cluster, retried, wanted)
        eventually("some are there", lambda: _count(cluster, retried) > 20)
        replicas.kill()
        eventually("none is lost", lambda: _count(cluster, retried) == wanted)
        refused = cluster.metric("apiserver_admission_webhook_rejection_count") - refused
        pods = cluster.kubectl_json("get", "pods", f"--namespace={retried}")["items"]
    with capsys.disabled():
        print(
            f"\nkilled under Ignore: {traffic}, {balancer.refused} connections refused; "
            f"under Fail: {len(pods)} of {wanted} Pods, {refused:.0f} refused and made again"
        )
    assert traffic.seen["missed"] <= AT_ONCE + balancer.refused
    assert traffic.seen["refused"] == 0
    assert all(map(is_marked, pods))


def _replica_set(cluster: ControlPlane, namespace: str, count: int) -> None:
    labels = {"app": "many"}
    template = {"metadata": {"labels": labels}, "spec": POD["spec"]}
    spec = {"replicas": count, "selector": {"matchLabels": labels}, "template": template}
    made = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "many"}, "spec": spec}
    cluster.kubectl("create", f"--namespace={namespace}", "-f", "-", stdin=json.dumps(made))


def _count(cluster: ControlPlane, namespace: str) -> int:
    return cluster.kubectl("get", "pods", f"--namespace={namespace}", "--output=name").count("pod/")
