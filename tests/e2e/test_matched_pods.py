"""The status of a policy counts the Pods that two replicas have seen it match."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json, pod
from tests.support.processes import eventually
from tests.support.server import Server

RBAC = [
    f"manifests/{name}"
    for name in (
        "base/namespace.yaml",
        "base/serviceaccount.yaml",
        "components/cluster-source/rbac.yaml",
        "components/status/rbac.yaml",
    )
]
POLICY = """apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: counted}
spec: {match: {podSelector: {matchLabels: {counted: "yes"}}}}
"""
COUNTED = pod(metadata="labels: {counted: 'yes'}")
# What the namespace of podtailor requires.
RESTRICTED = """serviceAccountName: podtailor
securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}"""
UNPRIVILEGED = "securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}"
NAMES = ("podtailor-1", "podtailor-2")
# It writes a policy once a minute at most, and lists replicas as often.
OFTEN = """\
from webhook import __main__
from webhook.cluster import match_writer
match_writer._ROUND_SECONDS, match_writer._PAUSE_SECONDS = 0.5, 3.0
__main__.main()
"""


@pytest.fixture
def replicas(crds: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Server]]:
    """Two, each with the name of a Pod, under the ServiceAccount of the manifests."""
    for file in RBAC:
        crds.kubectl("apply", "-f", file)
    started: list[Server] = []
    for name in NAMES:
        metadata = (
            f"{{name: {name}, namespace: podtailor-system, labels: {{app.kubernetes.io/name: podtailor}}}}"
        )
        running = pod(RESTRICTED, metadata=metadata, container=UNPRIVILEGED)
        crds.kubectl("create", "-f", "-", stdin=json.dumps(running))
        monkeypatch.setenv("POD_NAME", name)
        folder = tmp_path / name
        folder.mkdir()
        account = crds.account("podtailor", folder)
        flags = ("--from-cluster", f"--kubeconfig={account}")
        started.append(Server(folder, *flags, program=("-c", OFTEN)))
    yield started
    for each in started:
        each.stop()
    crds.kubectl("delete", *(f"--filename={file}" for file in reversed(RBAC)))


def _knows(replica: Server, revision: float) -> bool:
    return replica.metric('podtailor_snapshot_revision{kind="clusterworkloadpolicies"}') >= revision


def _status(cluster: ControlPlane) -> Json:
    status: Json = cluster.kubectl_json("get", "cwp", "counted").get("status", {})
    return status


def _counts(cluster: ControlPlane) -> dict[str, int]:
    return {each["replica"]: each["pods"] for each in _status(cluster).get("matchedBy", [])}


def _conditions(cluster: ControlPlane) -> list[str]:
    return [each["status"] for each in _status(cluster).get("conditions", [])]


@pytest.mark.soak
def test_replicas_add_up_and_one_that_is_gone_is_removed(crds: ControlPlane, replicas: list[Server]) -> None:
    applied = crds.kubectl_json("apply", "-f", "-", stdin=POLICY)
    revision = float(applied["metadata"]["resourceVersion"])
    for replica, count in zip(replicas, (3, 4), strict=True):
        eventually("it is in force", partial(_knows, replica, revision))
        for _ in range(count):
            replica.review(COUNTED)
        replica.review(COUNTED, dryRun=True)
        replica.review(pod())
    # A replica that wrote before the last of them writes again after its pause.
    eventually("both have written", lambda: _counts(crds) == {"podtailor-1": 3, "podtailor-2": 4})
    listed = crds.kubectl("get", "cwp", "counted").splitlines()
    assert _status(crds)["matchedPods"] == 7
    assert " 7 " in listed[1]
    assert "matchedPods" in crds.kubectl("explain", "cwp.status")
    # By the one of the two that leads, which may come to it later.
    eventually("its condition is written", lambda: _conditions(crds) == ["True"])

    replicas.pop().stop()
    crds.kubectl("delete", "pod", "podtailor-2", "--namespace=podtailor-system", "--force")
    eventually("its entry is removed", lambda: _counts(crds) == {"podtailor-1": 3})
    assert _status(crds)["matchedPods"] == 3
