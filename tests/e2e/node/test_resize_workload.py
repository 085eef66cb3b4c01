"""`podtailor resize` on a real kubelet: what it prints is compared with the cgroups of the containers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.e2e.node.node import NAME, PATIENCE
from tests.e2e.node.pods import Pods, container
from tests.recommend.weeks import WEEK, measured
from tests.support.commands import podtailor
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.model import quantity
from webhook.model.names import OWN_NAMESPACE
from webhook.usage.files import as_json
from webhook.usage.measured import ContainerOfPod, NamespaceUsage
from webhook.workloads.workload import Ref

_FILES = ("cpu.max", "memory.max")
_MI = 2**20
_ROLES = "manifests/components/resizer/roles.yaml"


class Workload:
    """A Deployment of busybox, and the command that resizes it."""

    def __init__(self, cluster: ControlPlane, pods: Pods, name: str, replicas: int, resources: str) -> None:
        self._cluster, self.pods, self.name = cluster, pods, name
        self.kubeconfig = cluster.kubeconfig
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

    def output(self, *words: str, code: int = 0) -> str:
        """What the command prints."""
        command = [sys.executable, "-m", "webhook", "resize", f"deployment/{self.name}"]
        flags = (f"--namespace={self.pods.namespace}", "--settle=5", f"--kubeconfig={self.kubeconfig}")
        done = subprocess.run(
            [*command, *flags, *words], capture_output=True, text=True, check=False, timeout=4 * PATIENCE
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def resize(self, *words: str, code: int = 0) -> Json:
        """What `-o json` says."""
        said: Json = json.loads(self.output("-o", "json", *words, code=code))
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


def test_recommended_sizes_reach_the_cgroups(web: Workload, tmp_path: Path) -> None:
    usage = NamespaceUsage(
        namespace=web.pods.namespace,
        window=WEEK,
        containers={ContainerOfPod(name, "app"): measured("150m", "280m", "115Mi") for name in web.names},
        owners=dict.fromkeys(web.names, Ref("Deployment", web.pods.namespace, "web")),
    )
    (tmp_path / "usage.json").write_bytes(as_json(usage))
    done = podtailor(
        "recommend", "deployment/web", f"--namespace={web.pods.namespace}", f"--kubeconfig={web.kubeconfig}",
        f"--usage={tmp_path / 'usage.json'}", "-o", "json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (tmp_path / "sizes.json").write_text(done.stdout)
    (row,) = json.loads(done.stdout)["recommendations"]
    limits = {name: quantity.parse(text) for name, text in row["to"]["limits"].items()}
    cpu, memory = limits["cpu"], limits["memory"]
    assert cpu
    assert memory
    assert (cpu.milli >= 336, memory.milli >= 138 * _MI * 1000) == (True, True), "1.2 x the peaks"
    web.resize(f"--from={tmp_path / 'sizes.json'}", "--apply")
    assert web.cgroups() == [[f"{cpu.milli * 100} 100000", str(memory.milli // 1000)]] * 3
    assert web.restarts() == [0, 0, 0]


def test_impossible_is_refused_and_nothing_changes(web: Workload) -> None:
    said = web.resize("--cpu=64", "--apply", code=1)
    assert {each["reason"] for each in said["pods"]} == {"request-above-limit"}
    said = web.resize("--cpu=64:64", "--apply", code=1)
    assert {each["reason"] for each in said["pods"]} == {"node-too-small"}
    assert web.cgroups() == [["30000 100000", str(128 * _MI)]] * 3


@pytest.mark.parametrize(
    ("file", "in_working_set"),
    [
        pytest.param("/dev/shm/full", True, id="in memory"),  # noqa: S108 (of the container)
        pytest.param("/tmp/full", False, id="in the page cache"),  # noqa: S108 (of the container)
    ],
)
def test_a_limit_below_usage(web: Workload, file: str, *, in_working_set: bool) -> None:
    """Without a check of the plan it is the kubelet that refuses, and the old limit comes back.

    It frees no page cache to make a limit fit.
    """
    for name in web.names:
        web.pods.sh(name, f"dd if=/dev/zero of={file} bs=1M count=60 2>/dev/null")
    measured = web.pods.measured()
    said = web.resize("--memory=32Mi:48Mi", "--apply", code=1)
    table = web.output("--memory=32Mi:48Mi", "-o", "wide", code=1)
    assert {each["reason"] for each in said["pods"]} == {"below-usage"}
    for each in said["pods"]:
        used, working_set = (measured[each["name"]][key] / _MI for key in ("usageBytes", "workingSetBytes"))
        assert (working_set > 48) == in_working_set
        (row,) = (line for line in table.splitlines() if line.startswith(each["name"]))
        for text, pattern in (
            (each["message"], r"^app: 48Mi is below 1\.2 x (\d+)Mi, its memory with page cache$"),
            (row, r" / (\d+)Mi\* "),
        ):
            (shown,) = re.findall(pattern, text)
            assert abs(int(shown) - used) < 2, "rounded up, and the kubelet may have measured since"
        print(f"\n{each['message']}; {used:.1f}Mi, working set {working_set:.1f}Mi", end="")
    said = web.resize("--memory=32Mi:48Mi", "--margin=0", "--apply", code=1)
    assert [each["result"] for each in said["pods"]] == ["reverted", "unchanged", "unchanged"]
    assert said["pods"][0]["reason"] == "kubelet-error"
    assert "memory limit (50331648) below current usage" in said["pods"][0]["message"]
    assert [
        web.pods.get(name)["spec"]["containers"][0]["resources"]["limits"]["memory"] for name in web.names
    ] == ["128Mi"] * 3
    assert web.cgroups() == [["30000 100000", str(128 * _MI)]] * 3
    assert web.restarts() == [0, 0, 0]
    assert min(int(*web.pods.cgroup(name, "memory.current")) for name in web.names) > 60 * _MI


def test_the_role_for_kubelets_is_what_it_takes_to_know_usage(
    cluster: ControlPlane, web: Workload, tmp_path: Path
) -> None:
    account = f"--serviceaccount={OWN_NAMESPACE}:reader"
    cluster.kubectl("apply", "-f", "manifests/base/namespace.yaml", "-f", _ROLES)
    cluster.kubectl("create", "serviceaccount", "reader", f"--namespace={OWN_NAMESPACE}")
    cluster.kubectl("create", "rolebinding", "reader", "--clusterrole=podtailor-resizer", account,
                    f"--namespace={web.pods.namespace}")  # fmt: skip
    web.kubeconfig = cluster.account("reader", tmp_path)
    try:
        _in_force(cluster, "patch", "pods", "--subresource=resize", f"--namespace={web.pods.namespace}")
        said = web.resize("--memory=:96Mi", code=1)
        assert {each["reason"] for each in said["pods"]} == {"unknown-usage"}
        cluster.kubectl(
            "create", "clusterrolebinding", "reader", "--clusterrole=podtailor-kubelet-reader", account
        )
        _in_force(cluster, "get", "nodes", "--subresource=proxy")
        said = web.resize("--memory=:96Mi")
        assert {each["result"] for each in said["pods"]} == {"planned"}
    finally:
        cluster.kubectl("delete", "clusterrolebinding", "reader", "--ignore-not-found")
        cluster.kubectl("delete", "serviceaccount", "reader", f"--namespace={OWN_NAMESPACE}")
        cluster.kubectl("delete", "-f", _ROLES)


def _in_force(cluster: ControlPlane, *may: str) -> None:
    """Back once the API server has taken note of what the account `reader` may do."""

    def can() -> bool:
        try:
            cluster.kubectl("auth", "can-i", *may, f"--as=system:serviceaccount:{OWN_NAMESPACE}:reader")
        except KubectlError:
            return False
        return True

    eventually("the role is in force", can)


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
        # The kubelet kills the container, compares the new limit with what it has measured, and if that was before, tries
        # again: then it has failed first.
        for name in jvm.names:
            pods.sh(name, "(dd if=/dev/zero bs=80000000 count=1 | sleep 999) >/dev/null 2>&1 &")
        eventually(
            "their memory is in use",
            lambda: all(int(*pods.cgroup(name, "memory.current")) > 70 * _MI for name in jvm.names),
        )
        pods.measured()
        said = jvm.resize("--memory=:64Mi", "--margin=0", "--allow-restart", "--apply")
        assert [each["result"] for each in said["pods"]] == ["restarted", "restarted"]
        assert jvm.restarts() == [2, 2]
        assert jvm.cgroups() == [["30000 100000", str(64 * _MI)]] * 2
        events = cluster.kubectl_json(
            "get", "events", f"--namespace={pods.namespace}", "--field-selector=reason=ResizeError"
        )
        failed = {each["involvedObject"]["name"] for each in events["items"]}
        assert failed, "in one Pod at least, or nothing was tried"
        assert failed <= {*jvm.names}
        print(f"jvm --memory=:64Mi: the kubelet failed first in {len(failed)} of {len(jvm.names)} Pods")
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
