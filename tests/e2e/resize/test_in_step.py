"""Templates changed together with their Pods, under the real controllers: no Pod is made again for it."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import count

import pytest

from tests.e2e import workloads
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json
from tests.support.processes import eventually

_OLD = {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}}
_NEW = {"requests": {"cpu": "200m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}}
_SIZES = ("--cpu=200m", "--memory=:256Mi")
_IN_STEP = (*_SIZES, "--template=in-step", "--apply", "--settle=0", "--canary=9", "--batch=100")
_ROLLS_OUT = ("Deployment", "StatefulSet", "DaemonSet")
_KINDS = (*_ROLLS_OUT, "ReplicaSet", "ReplicationController")
_NUMBERS = count()


class Workload:
    """One owner in a namespace of its own."""

    def __init__(self, cluster: ControlPlane, kind: str, pods: int = 2) -> None:
        self.cluster = cluster
        self.kind = kind
        self.name = f"{kind.lower()}/web"
        self.namespace = cluster.create_namespace(f"in-step-{next(_NUMBERS)}", injection="disabled")
        self.manifest = workloads.controller(kind, "web", pods)
        self.container(self.manifest)["resources"] = _OLD
        self.apply()
        self.pods = 1 if kind == "DaemonSet" else pods
        self.wait()

    def container(self, obj: Json) -> Json:
        found: Json = obj["spec"]["template"]["spec"]["containers"][0]
        return found

    def apply(self, *flags: str) -> None:
        self.kubectl("apply", "-f", "-", *flags, stdin=json.dumps(self.manifest))

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.cluster.kubectl(f"--namespace={self.namespace}", *arguments, stdin=stdin)

    def get(self, name: str = "") -> Json:
        found: Json = json.loads(
            self.kubectl("get", name or self.name, "-o", "json", "--show-managed-fields")
        )
        return found

    def running(self) -> list[Json]:
        pods: list[Json] = json.loads(self.kubectl("get", "pods", "-o", "json"))["items"]
        return [
            each
            for each in pods
            if each["status"]["phase"] == "Running" and "deletionTimestamp" not in each["metadata"]
        ]

    def uids(self) -> set[str]:
        return {each["metadata"]["uid"] for each in self.running()}

    def resources(self) -> list[Json]:
        return [each["spec"]["containers"][0]["resources"] for each in self.running()]

    def wait(self) -> None:
        """Until its controller is done, and all Pods run."""
        if self.kind in _ROLLS_OUT:
            self.kubectl("rollout", "status", self.name, "--timeout=60s")
        eventually(f"{self.pods} Pods run", lambda: len(self.running()) == self.pods)

    def scale(self, pods: int) -> None:
        if self.kind != "DaemonSet":
            self.kubectl("scale", self.name, f"--replicas={pods}")
            self.pods = pods
            eventually(f"{pods} Pods run", lambda: len(self.running()) == pods)

    def podtailor(
        self, *arguments: str, module: tuple[str, ...] = ("webhook",)
    ) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", *module, "resize", self.name, f"--namespace={self.namespace}"]
        command += [f"--kubeconfig={self.cluster.kubeconfig}", *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    def ended(self, after: int, number: int) -> subprocess.CompletedProcess[str]:
        """In step, with a signal after so many writes."""
        return self.podtailor(*_IN_STEP, module=("tests.e2e.resize.ended", str(after), str(number)))

    def is_in_step(self, before: set[str]) -> None:
        """All Pods that were there are there, with new values, and a new one has them too."""
        self.wait()
        assert before <= self.uids()
        assert self.resources() == [_NEW] * self.pods
        owner = self.get()
        assert self.container(owner)["resources"] == _NEW
        assert "podtailor.dev/resize" not in owner["metadata"].get("annotations", {})
        assert not owner["spec"].get("paused")
        assert owner["spec"].get("updateStrategy", {}).get("type", "RollingUpdate") == "RollingUpdate"
        (gone, *_) = self.running()
        self.kubectl("delete", "pod", gone["metadata"]["name"])
        self.wait()
        assert len(self.uids() & before) >= len(before) - 1
        assert self.resources() == [_NEW] * self.pods


@pytest.fixture(params=_KINDS)
def workload(request: pytest.FixtureRequest, cluster: ControlPlane) -> Workload:
    return Workload(cluster, request.param)


def test_no_pod_is_made_again(workload: Workload) -> None:
    before = workload.uids()
    plan = workload.podtailor(*_SIZES, "--template=in-step")
    assert plan.returncode == 0, plan.stderr
    assert "Template: " in plan.stdout
    assert workload.resources() == [_OLD] * workload.pods
    done = workload.podtailor(*_IN_STEP, "-o", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    template = json.loads(done.stdout)["template"]
    assert template["state"] == "in-step"
    assert template["patch"]["spec"]["template"]["spec"]["containers"] == [
        {"name": "app", "resources": {"requests": {"cpu": "200m"}, "limits": {"memory": "256Mi"}}}
    ]
    workload.is_in_step(before)
    again = workload.podtailor(*_IN_STEP, "-o", "json")
    assert again.returncode == 0, again.stdout + again.stderr
    assert json.loads(again.stdout)["template"] == {"state": "same", "patch": {}}
