"""Events about refused Pods and policies that cannot be used, under the ServiceAccount of the manifests."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.kubelet import Kubelet
from tests.support.pods import Json, pod, yaml
from tests.support.processes import eventually
from tests.support.server import Replica

# A refusal counts like a failure of ours.
pytestmark = pytest.mark.lets_pods_through
ACCOUNT = "system:serviceaccount:podtailor-system:podtailor"
DENY = "{resources: {onViolation: Deny, limits: [{type: Container, min: {cpu: 500m}}]}}"


@pytest.fixture(scope="module")
def replica(kubelet: Kubelet) -> Replica:
    kubelet.apply("manifests/overlays/cluster-wide")
    assert kubelet.replica
    return kubelet.replica


@pytest.fixture
def refusing(cluster: ControlPlane, replica: Replica, request: pytest.FixtureRequest) -> Iterator[str]:
    """A namespace whose policy refuses every Pod that requests little CPU, and a Deployment in it."""
    own = cluster.create_namespace(f"events-{request.node.name.split('[')[0].replace('_', '-')[:40]}")
    applied = cluster.kubectl_json("apply", "-f", "-", stdin=json.dumps(_policy("strict", own, DENY)))
    revision = float(applied["metadata"]["resourceVersion"])
    series = 'podtailor_snapshot_revision{kind="workloadpolicies"}'
    eventually("it is in force", lambda: replica.metric(series) >= revision)
    cluster.kubectl("create", "-f", "-", f"--namespace={own}", stdin=json.dumps(_deployment()))
    yield own
    cluster.kubectl("delete", "namespace", own, "--wait=false")


# Too little, and the Pod's own.
SMALL = "resources: {requests: {cpu: 100m}}"


def _deployment() -> Json:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod(container=SMALL)["spec"]}
    spec = {"selector": {"matchLabels": {"app": "web"}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def _policy(name: str, namespace: str, spec: str) -> Json:
    metadata = {"name": name, "namespace": namespace}
    kind = {"apiVersion": "podtailor.dev/v1alpha1", "kind": "WorkloadPolicy"}
    return {**kind, "metadata": metadata, "spec": yaml(spec)}


def _events(cluster: ControlPlane, namespace: str) -> list[Json]:
    """Ours."""
    found = cluster.kubectl_json("get", "events.events.k8s.io", f"--namespace={namespace}")["items"]
    return [each for each in found if each.get("reportingController") == "podtailor.dev/webhook"]


def _replica_set(cluster: ControlPlane, namespace: str) -> Json:
    (found,) = cluster.kubectl_json("get", "replicasets", f"--namespace={namespace}")["items"]
    made: Json = found
    return made


def test_refused_deployment_gets_one_event_whose_count_grows(cluster: ControlPlane, refusing: str) -> None:
    def counted() -> int:
        return sum(each.get("series", {}).get("count", 1) for each in _events(cluster, refusing))

    eventually("there is one", lambda: counted() > 0)
    first = counted()
    eventually("it grows", lambda: counted() > max(first, 2))
    (event,) = _events(cluster, refusing)
    owner = _replica_set(cluster, refusing)
    assert event["regarding"]["uid"] == owner["metadata"]["uid"]
    assert (event["reason"], event["type"]) == ("PodDenied", "Warning")
    assert event["note"].startswith(
        f"Pod refused by policy {refusing}/strict: container app: minimum cpu usage"
    )
    name = owner["metadata"]["name"]
    within = f"--namespace={refusing}"
    assert "PodDenied" in cluster.kubectl("events", "--for", f"replicaset/{name}", within)
    described = cluster.kubectl("describe", "replicaset", name, within)
    line = next(line for line in described.splitlines() if "PodDenied" in line)
    assert "podtailor.dev/webhook" in line


@pytest.mark.soak
def test_thousand_refusals_are_few_writes(cluster: ControlPlane, replica: Replica, refusing: str) -> None:
    owner = _replica_set(cluster, refusing)["metadata"]
    reference = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": True}
    reference |= {"name": owner["name"], "uid": owner["uid"]}
    refused = pod(
        metadata=json.dumps({"namespace": refusing, "ownerReferences": [reference]}), container=SMALL
    )
    before = _writes(cluster)
    for _ in range(1000):
        assert replica.review(refused)["allowed"] is False
    eventually(
        "all are told",
        lambda: (
            [each["series"]["count"] >= 1000 for each in _events(cluster, refusing) if "series" in each]
            == [True]
        ),
        seconds=90,
    )
    assert _writes(cluster) - before < 12


def _writes(cluster: ControlPlane) -> int:
    asked = cluster.asked_by(ACCOUNT)
    return sum(count for (_, resource, _), count in asked.items() if resource == "events")


def test_dry_run_writes_none(cluster: ControlPlane, replica: Replica, refusing: str) -> None:
    cluster.kubectl("delete", "deployment", "web", f"--namespace={refusing}")
    eventually("its Events are there, or none", lambda: replica.metric("podtailor_events_total") >= 0)
    dry = pod(metadata=f"{{name: dry, namespace: {refusing}}}", container=SMALL)
    assert replica.review(dry, dryRun=True)["allowed"] is False
    real = pod(metadata=f"{{name: real, namespace: {refusing}}}", container=SMALL)
    assert replica.review(real)["allowed"] is False
    eventually("the real one is told", lambda: "real" in _regarding(cluster, refusing))
    assert "dry" not in _regarding(cluster, refusing)


def _regarding(cluster: ControlPlane, namespace: str) -> set[str]:
    return {each["regarding"]["name"] for each in _events(cluster, namespace)}


def test_policy_that_is_ignored_gets_one(cluster: ControlPlane, refusing: str) -> None:
    # By their names the last ones, if all are of the same second.
    crowd = [_policy(f"t{number:02}", refusing, "{}") for number in range(20)]
    manifest = {"apiVersion": "v1", "kind": "List", "items": crowd}
    cluster.kubectl("create", "-f", "-", stdin=json.dumps(manifest))
    eventually("it is told", lambda: "t19" in _regarding(cluster, refusing))
    (event,) = (each for each in _events(cluster, refusing) if each["regarding"]["name"] == "t19")
    assert event["reason"] == "PolicyTooMany"
    assert "over the limit" in event["note"]
    assert "PolicyTooMany" in cluster.kubectl("describe", "wp", "t19", f"--namespace={refusing}")


def test_without_the_role_nothing_breaks(cluster: ControlPlane, replica: Replica, refusing: str) -> None:
    cluster.kubectl("delete", "-f", "manifests/components/events/rbac.yaml")
    other = pod(metadata=f"{{name: other, namespace: {refusing}}}", container=SMALL)

    def is_refused_and_silent() -> bool:
        assert replica.review(other)["allowed"] is False
        return replica.metric('podtailor_events_total{result="forbidden"}') > 3

    eventually("it is counted", is_refused_and_silent)
    line = replica.wait_for_log("events may not be written: without the role there are none")
    assert line["reason"].startswith("403 ")
    codes = [code for (_, resource, code), _ in cluster.asked_by(ACCOUNT).items() if resource == "events"]
    assert 403 in codes
    assert replica.review(pod(metadata="{name: fine, namespace: default}"))["allowed"] is True
