"""What goes away and comes back: Pods go on being created, and what was in force is in force again.

On a cluster of its own, installed as a user installs it: RBAC on, under the ServiceAccount of the manifests.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.e2e.kubelet import Kubelet
from tests.support.pods import pod, yaml
from tests.support.processes import eventually
from tests.support.server import Replica

pytestmark = [pytest.mark.lets_pods_through, pytest.mark.soak]

_AWAY_SECONDS = 15
ACCOUNT = "system:serviceaccount:podtailor-system:podtailor"


@pytest.fixture(scope="module")
def own(
    cluster: ControlPlane,  # noqa: ARG001 (the binaries are built)
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("own")) as made:
        yield made


@pytest.fixture(scope="module")
def kubelet(own: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubelet]:
    made = Kubelet(own, tmp_path_factory.mktemp("kubelet"))
    try:
        made.apply("manifests/overlays/cluster-wide")
        own.apply("-f", "tests/e2e/outages.yaml")
        yield made
    finally:
        made.stop()


@pytest.fixture
def replica(kubelet: Kubelet, own: ControlPlane) -> Replica:
    assert kubelet.replica
    eventually("Pods are tailored", lambda: _memory(own) == "3Gi")
    return kubelet.replica


def _memory(own: ControlPlane) -> str:
    with Client(own.kubeconfig) as client:
        created = client.create("default", pod(), dry_run=True)
    resources = created["spec"]["containers"][0].get("resources", {})
    return str(resources.get("requests", {}).get("memory", ""))


def test_roles_allow_what_is_asked_and_nothing_else(own: ControlPlane, replica: Replica) -> None:
    """Nothing is forbidden, no rule is unused, and secrets elsewhere are out of reach."""
    assert replica.process.running
    done = {("patch", "clusterworkloadpolicies/status", 200), ("list", "pods", 200)}
    eventually("the status is written", lambda: done <= own.asked_by(ACCOUNT).keys())
    asked = own.asked_by(ACCOUNT)
    assert [each for each in asked if each[2] == 403] == []
    used = {(verb, resource) for verb, resource, _ in asked}
    allowed = set()
    components = Path("manifests/components")
    files = [components / name / "rbac.yaml" for name in ("certificates", "cluster-source", "status")]
    for document in "---\n".join(file.read_text() for file in files).split("---\n"):
        role = yaml(document)
        if "rules" in role and not role["metadata"]["name"].startswith("podtailor-workloadpolicies"):
            for rule in role["rules"]:
                allowed |= {(verb, resource) for verb in rule["verbs"] for resource in rule["resources"]}
    # No WorkloadPolicy has been written here; a ClusterWorkloadPolicy has.
    assert allowed - used == {("patch", "workloadpolicies/status")}
    for who, what in (("default", "secrets"), ("kube-system", "secrets")):
        assert _can(own, "get", what, who) == "no"
    assert _can(own, "list", "secrets", "podtailor-system") == "no"


def _can(own: ControlPlane, verb: str, resource: str, namespace: str) -> str:
    try:
        return own.kubectl("auth", "can-i", verb, resource, f"--as={ACCOUNT}", "-n", namespace).strip()
    except KubectlError:
        return "no"


class Load(threading.Thread):
    """Reviews without end, past the API server: what it would send if it were there."""

    def __init__(self, replica: Replica, folder: Path) -> None:
        super().__init__(daemon=True)
        self._replica, self._folder = replica, folder
        self.stopped = threading.Event()
        self.answered = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                answer = self._replica.review(pod())
            except (OSError, HTTPException, AssertionError) as error:
                answer = {"failed": repr(error)}
            self.answered += 1
            if "patch" not in answer:
                self.wrong.append(json.dumps(answer))


def test_api_server_away_and_back(own: ControlPlane, replica: Replica, kubelet: Kubelet) -> None:
    """Killed under load: reviews are answered from the last snapshot, and watches go on where they were."""
    eventually("all is quiet", lambda: _held(replica))
    before_all = _held(replica)
    load = Load(replica, kubelet.folder)
    eventually("the first answer", lambda: replica.review(pod())["allowed"])
    load.start()
    own.kill("kube-apiserver")
    replica.wait_for_log("list or watch failed")
    before = load.answered
    threading.Event().wait(_AWAY_SECONDS)
    assert load.answered > before + 150, "reviews go on"
    assert replica.health("/readyz") == (200, "ok\n")
    own.start_again("kube-apiserver")
    eventually("the API server is ready", lambda: own.get("/readyz") == "ok")
    _apply(own, "4Gi")
    eventually("it hears again", lambda: _memory(own) == "4Gi")
    load.stopped.set()
    load.join()
    assert load.wrong == []
    assert replica.process.running
    eventually("threads and connections are as they were", lambda: _held(replica) <= before_all)
    print(f"\n{load.answered} reviews while it was away {_AWAY_SECONDS} s, none without its patch")
    _apply(own, "3Gi")


def _apply(own: ControlPlane, memory: str) -> None:
    policy = yaml(Path("tests/e2e/outages.yaml").read_text())
    policy["spec"]["resources"]["limits"][0]["defaultRequest"]["memory"] = memory
    own.apply("-f", "-", stdin=json.dumps(policy))


def _held(replica: Replica) -> tuple[int, int]:
    """Threads and open files of the process."""
    process = Path(f"/proc/{replica.process.pid}")
    return len(list((process / "task").iterdir())), len(list((process / "fd").iterdir()))


def test_etcd_killed_and_back(own: ControlPlane, replica: Replica) -> None:
    assert replica.review(pod())["patch"], "with the CA, which the API server says"
    own.kill("etcd")
    assert replica.review(pod())["patch"]
    own.start_again("etcd")
    eventually("the API server is ready", lambda: own.get("/readyz") == "ok")
    eventually("the same policies are in force", lambda: _takes(own) and _memory(own) == "3Gi")
    _apply(own, "5Gi")
    eventually("it hears of what is new", lambda: _memory(own) == "5Gi")
    _apply(own, "3Gi")
    assert replica.process.running


def _takes(own: ControlPlane) -> bool:
    with suppress(KubectlError):
        return own.kubectl("get", "namespace", "default") != ""
    return False


def test_killed_replica_comes_back_with_the_same_policies(
    own: ControlPlane, replica: Replica, kubelet: Kubelet
) -> None:
    replica.process.signal(signal.SIGKILL)
    replica.process.wait()
    assert _memory(own) == "", "Pods are created, and say nothing"
    kubelet.restart()
    eventually("the same policies are in force", lambda: _memory(own) == "3Gi")
