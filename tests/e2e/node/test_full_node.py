"""A Pod that is bound when it is created starts on a full Node, as it does without podtailor."""

from __future__ import annotations

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.node.node import NAME
from tests.e2e.node.pods import Pods
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.model import quantity


def test_a_bound_pod_starts_on_a_full_node(cluster: ControlPlane, pods: Pods, untailored: Pods) -> None:
    _fill(cluster, untailored)
    bound = pods.run(pods.manifest("bound", f"nodeName: {NAME}"))
    assert (
        "resources" not in bound["spec"]["containers"][0] or not bound["spec"]["containers"][0]["resources"]
    )
    assert bound["spec"]["containers"][0]["resizePolicy"], "it is tailored all the same"
    # With the requests that podtailor gives to Pods that are not bound, the kubelet refuses it.
    requests = pods.create(pods.manifest("free"))["spec"]["containers"][0]["resources"]
    assert requests["requests"]["cpu"] == "100m"
    untailored.create(untailored.manifest("refused", f"nodeName: {NAME}", container=f"resources: {requests}"))
    refused = untailored.wait("refused", "has failed", lambda pod: pod["status"]["phase"] == "Failed")
    print(f"\n{refused['status']['reason']}: {refused['status']['message']}", end="")
    assert refused["status"]["reason"] == "OutOfcpu"


def _fill(cluster: ControlPlane, pods: Pods) -> None:
    """All but less CPU than podtailor requests for a Pod."""
    eventually("the Node is empty", lambda: not _pods(cluster), 120)
    node = cluster.kubectl_json("get", "node", NAME)
    free = quantity.milli(node["status"]["allocatable"]["cpu"]) - 50
    pods.run(pods.manifest("filler", container=f"resources: {{requests: {{cpu: {free}m}}}}"))


def _pods(cluster: ControlPlane) -> list[Json]:
    items: list[Json] = cluster.kubectl_json(
        "get", "pods", "--all-namespaces", f"--field-selector=spec.nodeName={NAME}"
    )["items"]
    return items
