"""The whole Vertical Pod Autoscaler: it measures, evicts or resizes Pods that podtailor has sized, and comes to rest."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.neighbours.autoscaler import Autoscaler
from tests.e2e.neighbours.pairs import FIRST, stated
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.model import quantity

METRICS = Path(__file__).parents[1] / "pod-metrics.yaml"
REPLICAS = 3
# More than the limits that podtailor sets, so that they are in the way if anything is.
USED = {"cpu": "600m", "memory": "700Mi"}
LIMITS = {"cpu": "500m", "memory": "512Mi"}
RESTFUL_ROUNDS = 8


@pytest.fixture(scope="module")
def webhook_flags() -> list[str]:
    return ["--builtin=strict"]


@pytest.fixture(scope="module")
def autoscaler(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Autoscaler]:
    cluster.kubectl("apply", "-f", str(METRICS))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "crd/pods.metrics.k8s.io")
    try:
        with Autoscaler(cluster, tmp_path_factory.mktemp("vpa")) as started:
            started.start_updater()
            started.start_recommender()
            yield started
    finally:
        cluster.kubectl("delete", "-f", str(METRICS))


@pytest.mark.parametrize("values", ["RequestsAndLimits", "RequestsOnly"])
@pytest.mark.parametrize("mode", ["Recreate", "InPlaceOrRecreate"])
def test_comes_to_rest(
    cluster: ControlPlane, autoscaler: Autoscaler, namespace: str, order: str, mode: str, values: str
) -> None:
    """Each Pod is replaced once or never, and then nothing changes any more."""
    autoscaler.values = values
    cluster.kubectl("create", "deployment", "web", "--image=web", f"--replicas={REPLICAS}", "-n", namespace)
    before = eventually("all run", lambda: _running(cluster, namespace))
    assert all(_size(pod)["limits"] == LIMITS for pod in before)
    autoscaler.autoscale(namespace, "Deployment", "web", mode="Off")
    for pod in before:
        _measure(cluster, pod)
    eventually(
        "all it measures is in what it recommends", lambda: _exceeds(_target(cluster, namespace), USED)
    )
    patch = json.dumps({"spec": {"updatePolicy": {"updateMode": mode}}})
    cluster.kubectl("patch", "verticalpodautoscaler", "web", "-n", namespace, "--type=merge", "-p", patch)
    is_capped = order == FIRST and values == "RequestsOnly"

    def arrived() -> list[Json] | None:
        pods, wanted = _running(cluster, namespace), LIMITS if is_capped else _target(cluster, namespace)
        return pods if pods and all(_size(pod)["requests"] == wanted for pod in pods) else None

    after = eventually("all have what is recommended", arrived, 120)
    rounds = autoscaler.rounds()
    eventually("it looks again", lambda: autoscaler.rounds() >= rounds + RESTFUL_ROUNDS)
    later = eventually("all run", lambda: _running(cluster, namespace))
    assert [(_uid(pod), _size(pod)) for pod in later] == [(_uid(pod), _size(pod)) for pod in after]
    assert _evictions(cluster, namespace) in (0, REPLICAS), "each Pod once, or none"
    stayed = {_uid(pod) for pod in before} == {_uid(pod) for pod in after}
    seen = "resized" if stayed else "replaced once"
    seen += ", requests at podtailor's limits" if is_capped else ", requests as recommended"
    print(f"\n{order}, {mode}, {values}: {seen}: {_size(after[0])}")
    assert stated("VPA, controllers", order)[f"{mode}, {values}"] == seen


def _running(cluster: ControlPlane, namespace: str) -> list[Json] | None:
    """Its Pods in the order of their names, once there are as many as there should be and all run."""
    pods: list[Json] = cluster.kubectl_json("get", "pods", "-n", namespace)["items"]
    ready = [
        pod for pod in pods if _statuses(pod) and _size(pod) and "deletionTimestamp" not in pod["metadata"]
    ]
    return pods if len(ready) == len(pods) == REPLICAS else None


def _statuses(pod: Json) -> list[Json]:
    found: list[Json] = pod["status"].get("containerStatuses") or []
    return found


def _size(pod: Json) -> Json:
    (container,) = pod["spec"]["containers"]
    resources: Json = container["resources"]
    return resources


def _uid(pod: Json) -> str:
    uid: str = pod["metadata"]["uid"]
    return uid


def _measure(cluster: ControlPlane, pod: Json) -> None:
    metrics = {
        "apiVersion": "metrics.k8s.io/v1beta1",
        "kind": "PodMetrics",
        "metadata": {key: pod["metadata"][key] for key in ("name", "namespace", "labels")},
        "timestamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "window": "15s",
        "containers": [{"name": "web", "usage": USED}],
    }
    cluster.kubectl("create", "-f", "-", stdin=json.dumps(metrics))


def _target(cluster: ControlPlane, namespace: str) -> Json | None:
    vpa = cluster.kubectl_json("get", "verticalpodautoscaler", "web", "-n", namespace)
    found = vpa.get("status", {}).get("recommendation", {}).get("containerRecommendations")
    return found[0]["target"] if found else None


def _exceeds(target: Json | None, used: Json) -> bool:
    """It recommends some per cent more than what is used."""
    if target is None:
        return False
    pairs = [(quantity.parse(target[key]), quantity.parse(used[key])) for key in used]
    return all(wanted and amount and wanted.milli > amount.milli for wanted, amount in pairs)


def _evictions(cluster: ControlPlane, namespace: str) -> int:
    reason = "--field-selector=reason=EvictedByVPA"
    return len(cluster.kubectl_json("get", "events", "-n", namespace, reason)["items"])
