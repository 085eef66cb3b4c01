"""The Node is what it claims to be, and runs a Pod that podtailor has tailored."""

from __future__ import annotations

from tests.e2e.controlplane.build import release
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.node.node import NAME, Node
from tests.e2e.node.pods import Pods, container
from webhook.model.names import APPLIED


def test_is_a_kubelet_of_the_same_release(cluster: ControlPlane, node: Node) -> None:
    info = cluster.kubectl_json("get", "node", NAME)["status"]["nodeInfo"]
    assert info["kubeletVersion"] == f"v{release(cluster.version)}"
    assert info["containerRuntimeVersion"].startswith("containerd://2.")
    print(f"\nReady after {node.seconds:.0f} s")


def test_a_tailored_pod_runs(pods: Pods) -> None:
    made = pods.run(pods.manifest("plain"))
    assert APPLIED in made["metadata"]["annotations"]
    assert made["status"]["qosClass"] == "Burstable"
    requested = {"requests": {"cpu": "100m", "memory": "256Mi"}}
    assert container(made)["resources"] == requested
    # CPU is a share, of which 100m is what it was before there was cgroup v2; memory is no limit.
    assert pods.cgroup("plain", "cpu.weight", "cpu.max", "memory.max") == ["17", "max 100000", "max"]
