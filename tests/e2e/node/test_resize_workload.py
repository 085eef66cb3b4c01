"""`podtailor resize` on a real kubelet: what it prints is compared with the cgroups of the containers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.node.node import NAME, PATIENCE
from tests.e2e.node.pods import Pods, container
from tests.support.pods import Json
from webhook.model import quantity

_FILES = ("cpu.max", "memory.max")
_MI = 2**20


class Workload:
    """A Deployment of busybox, and the command that resizes it."""

    def __init__(self, cluster: ControlPlane, pods: Pods, name: str, replicas: int, resources: str) -> None:
        self._cluster, self.pods, self.name = cluster, pods, name
        labels = {"app": name}
        (app,) = pods.manifest(name, container=f"resources: {resources}")["spec"]["containers"]
        template = {
            "metadata": {"labels": labels},
            "spec": {"terminationGracePeriodSeconds": 1, "containers": [app]},
        }
        deployment = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": name, "namespace": pods.namespace},
            "spec": {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template},
        }
        cluster.kubectl("apply", "-f", "-", stdin=json.dumps(deployment))
        cluster.kubectl("rollout", "status", f"deployment/{name}", f"--namespace={pods.namespace}",
                        f"--timeout={PATIENCE}s")  # fmt: skip

    @property
    def names(self) -> list[str]:
        found = self._cluster.kubectl_json(
            "get", "pods", f"--namespace={self.pods.namespace}", f"--selector=app={self.name}"
        )
        return sorted(each["metadata"]["name"] for each in found["items"])

    def resize(self, *words: str, code: int = 0) -> Json:
        """What `-o json` says."""
        command = [
            sys.executable,
            "-m",
            "webhook",
            "resize",
            f"deployment/{self.name}",
            "-n",
            self.pods.namespace,
        ]
        done = subprocess.run(
            [*command, "-o", "json", "--settle=5", f"--kubeconfig={self._cluster.kubeconfig}", *words],
            capture_output=True, text=True, check=False, timeout=4 * PATIENCE,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        said: Json = json.loads(done.stdout)
        results = [(each["result"], each["seconds"]) for each in said["pods"]]
        print(f"\n{self.name} {' '.join(words)}: {results}", end="")
        return said

    def cgroups(self) -> list[list[str]]:
        return [self.pods.cgroup(name, *_FILES) for name in self.names]

    def restarts(self) -> list[int]:
        return [container(self.pods.get(name))["restartCount"] for name in self.names]


@pytest.fixture
def web(cluster: ControlPlane, untailored: Pods) -> Iterator[Workload]:
    sizes = "{requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 300m, memory: 128Mi}}"
    made = Workload(cluster, untailored, "web", 3, sizes)
    yield made
    cluster.kubectl("delete", "deployment", "web", f"--namespace={untailored.namespace}")


def test_up_and_down_without_a_restart(web: Workload) -> None:
    names = web.names
    assert web.cgroups() == [["30000 100000", str(128 * _MI)]] * 3
    web.resize("--cpu=200m:500m", "--memory=:256Mi", "--apply")
    assert web.cgroups() == [["50000 100000", str(256 * _MI)]] * 3
    web.resize("--cpu=100m:300m", "--memory=:96Mi", "--margin=0", "--apply")
    assert web.cgroups() == [["30000 100000", str(96 * _MI)]] * 3
    assert (web.names, web.restarts()) == (names, [0, 0, 0])


def test_impossible_is_refused_and_nothing_changes(web: Workload) -> None:
    said = web.resize("--cpu=64", "--apply", code=1)
    assert {each["reason"] for each in said["pods"]} == {"request-above-limit"}
    said = web.resize("--cpu=64:64", "--apply", code=1)
    assert {each["reason"] for each in said["pods"]} == {"node-full"}
    said = web.resize("--cpu=64:64", "--on-deferred=wait", "--apply", code=1)
    assert {each["reason"] for each in said["pods"]} == {"api-server"}
    assert web.cgroups() == [["30000 100000", str(128 * _MI)]] * 3


def test_a_limit_below_usage(web: Workload) -> None:
    """Without a check of the plan it is the kubelet that refuses, and the old limit comes back.

    The API server forwards no request to a Node on loopback, so nothing says what is in use, and the plan refuses.
    """
    for name in web.names:
        web.pods.sh(name, "dd if=/dev/zero of=/dev/shm/full bs=1M count=60 2>/dev/null")
    said = web.resize("--memory=32Mi:48Mi", "--apply", code=1)
    assert {each["reason"] for each in said["pods"]} == {"unknown-usage"}
    said = web.resize("--memory=32Mi:48Mi", "--margin=0", "--apply", code=1)
    assert [each["result"] for each in said["pods"]] == ["reverted", "unchanged", "unchanged"]
    assert said["pods"][0]["reason"] == "kubelet-error"
    assert [
        web.pods.get(name)["spec"]["containers"][0]["resources"]["limits"]["memory"] for name in web.names
    ] == ["128Mi"] * 3
    assert web.cgroups() == [["30000 100000", str(128 * _MI)]] * 3
    assert web.restarts() == [0, 0, 0]


def test_restart_container_restarts_one_pod_after_the_other(cluster: ControlPlane, pods: Pods) -> None:
    sizes = "{requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 300m, memory: 128Mi}}\nresizePolicy: [{resourceName: memory, restartPolicy: RestartContainer}]"
    jvm = Workload(cluster, pods, "jvm", 2, sizes)
    try:
        said = jvm.resize("--memory=:256Mi", "--apply", code=1)
        assert {each["reason"] for each in said["pods"]} == {"would-restart"}
        said = jvm.resize("--memory=:256Mi", "--allow-restart", "--apply")
        assert [each["result"] for each in said["pods"]] == ["restarted", "restarted"]
        assert jvm.restarts() == [1, 1]
        started = [container(pods.get(name))["state"]["running"]["startedAt"] for name in jvm.names]
        assert started[0] < started[1]
        assert jvm.cgroups() == [["30000 100000", str(256 * _MI)]] * 2
    finally:
        cluster.kubectl("delete", "deployment", "jvm", f"--namespace={pods.namespace}")


def test_deferred_until_another_pod_goes(cluster: ControlPlane, untailored: Pods) -> None:
    node = cluster.kubectl_json("get", "node", NAME)
    free = quantity.milli(node["status"]["allocatable"]["cpu"]) - 300
    filler = untailored.manifest("filler", container=f"resources: {{requests: {{cpu: {free}m}}}}")
    untailored.run(filler)
    one = Workload(cluster, untailored, "one", 1, "{requests: {cpu: 100m}}")
    try:
        said = one.resize("--cpu=600m", "--on-deferred=wait", "--timeout=10", "--apply", code=1)
        assert [each["result"] for each in said["pods"]] == ["deferred"]
        cluster.kubectl("delete", "pod", "filler", f"--namespace={untailored.namespace}", "--grace-period=1")
        # The kubelet goes on by itself: it may have done it before the command asks again.
        said = one.resize("--cpu=600m", "--on-deferred=wait", "--apply")
        assert [each["result"] for each in said["pods"]] in (["resized"], ["unchanged"])
        (name,) = one.names
        assert container(untailored.get(name))["allocatedResources"]["cpu"] == "600m"
    finally:
        cluster.kubectl("delete", "deployment", "one", f"--namespace={untailored.namespace}")
