"""The metrics API and VerticalPodAutoscalers, of a real API server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from kubernetes.client import ApiClient

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.neighbours.autoscaler import ADMISSION
from tests.support.commands import podtailor
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.cluster.client import api_client
from webhook.usage.live_owners import live_owners
from webhook.usage.metrics_api import MetricsApiUsage
from webhook.usage.vpa import VpaUsage

_METRICS = Path("tests/e2e/pod-metrics.yaml")
_NOW = datetime(2026, 6, 8, tzinfo=UTC)


@pytest.fixture(scope="module")
def api(cluster: ControlPlane) -> Iterator[ApiClient]:
    """With both kinds of object."""
    for file in (_METRICS, ADMISSION.source() / "deploy" / "vpa-v1-crd-gen.yaml"):
        cluster.kubectl("apply", "--server-side", "-f", str(file))
    for name in ("pods.metrics.k8s.io", "verticalpodautoscalers.autoscaling.k8s.io"):
        cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", f"crd/{name}")
    with api_client(str(cluster.kubeconfig)) as client:
        yield client


@pytest.fixture(scope="module")
def web(cluster: ControlPlane) -> str:
    """The Pod of a Deployment `web` in namespace `shop`."""
    namespace = cluster.create_namespace("shop")
    cluster.kubectl("create", "deployment", "web", "--image=web", "-n", namespace)
    pods = eventually("there is one", lambda: cluster.kubectl_json("get", "pods", "-n", namespace)["items"])
    return str(pods[0]["metadata"]["name"])


def _create(cluster: ControlPlane, obj: Json) -> None:
    cluster.kubectl("create", "-f", "-", stdin=json.dumps(obj))


def test_owner_of_a_deployment(api: ApiClient, web: str) -> None:
    assert {pod: str(owner) for pod, owner in live_owners(api, "shop").items()} == {
        web: "Deployment shop/web"
    }


def test_metrics_api(cluster: ControlPlane, api: ApiClient, web: str) -> None:
    usage = MetricsApiUsage(api, _NOW.timestamp()).usage("shop")
    assert [each.reason for each in usage.problems] == ["no-usage"]
    _create(cluster, {
        "apiVersion": "metrics.k8s.io/v1beta1", "kind": "PodMetrics", "metadata": {"name": web, "namespace": "shop"},
        "timestamp": "2026-06-07T23:59:45Z", "window": "15s",
        "containers": [{"name": "web", "usage": {"cpu": "200m", "memory": "300Mi"}}],
    })  # fmt: skip
    usage = MetricsApiUsage(api, _NOW.timestamp()).usage("shop")
    assert usage.problems == ()
    assert not usage.is_history
    ((key, measured),) = usage.containers.items()
    assert key == (web, "web")
    assert (measured.cpu_quantile, measured.memory_peak) == (
        200,
        (300 * 1024 * 1024 * 1000, _NOW.timestamp() - 15),
    )
    assert str(usage.owners[web]) == "Deployment shop/web"


@pytest.mark.parametrize(
    ("name", "conditions", "is_used"),
    [
        ("sure", {"RecommendationProvided": "True"}, True),
        ("not-low", {"RecommendationProvided": "True", "LowConfidence": "False"}, True),
        ("low", {"RecommendationProvided": "True", "LowConfidence": "True"}, False),
        ("no-pods", {"RecommendationProvided": "True", "NoPodsMatched": "True"}, False),
        ("no-config", {"RecommendationProvided": "True", "ConfigUnsupported": "True"}, False),
        ("fetching", {"RecommendationProvided": "True", "FetchingHistory": "True"}, False),
        ("none", {"RecommendationProvided": "False"}, False),
        ("new", {}, False),
    ],
)
def test_vpa_in_each_condition(
    cluster: ControlPlane, api: ApiClient, name: str, conditions: dict[str, str], *, is_used: bool
) -> None:
    namespace = cluster.create_namespace(f"vpa-{name}")
    assert [each.reason for each in VpaUsage(api, _NOW.timestamp()).usage(namespace).problems] == ["no-vpa"]
    _create(cluster, {
        "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "updatePolicy": {"updateMode": "Off"},
        },
    })  # fmt: skip
    status = {
        "conditions": [
            {"type": kind, "status": value, "lastTransitionTime": "2026-06-01T00:00:00Z"}
            for kind, value in conditions.items()
        ],
        "recommendation": {
            "containerRecommendations": [
                {"containerName": "app", "target": {"cpu": "200m"}, "uncappedTarget": {"cpu": "230m", "memory": "115Mi"}}
            ]
        },
    }  # fmt: skip
    cluster.kubectl(
        "patch", "verticalpodautoscaler", "web", "-n", namespace, "--subresource=status", "--type=merge",
        "-p", json.dumps({"status": status}),
    )  # fmt: skip
    usage = VpaUsage(api, _NOW.timestamp()).usage(namespace)
    assert usage.problems == ()
    amounts = [
        (each.cpu_quantile, each.memory_peak and each.memory_peak.value) for each in usage.containers.values()
    ]
    assert amounts == ([(200, 100 * 1024 * 1024 * 1000)] if is_used else [])
    assert [each.reason for each in usage.notes] == ([] if is_used else ["unsure-vpa"])


def test_vpa_through_the_command(cluster: ControlPlane, api: ApiClient, web: str) -> None:  # noqa: ARG001 (both are there)
    """As far as it is known by a VerticalPodAutoscaler in mode Off."""
    _create(cluster, {
        "apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "updatePolicy": {"updateMode": "Off"},
        },
    })  # fmt: skip
    recommended = {"containerName": "web", "target": {"cpu": "230m", "memory": "230Mi"}}
    status = {
        "conditions": [
            {"type": "RecommendationProvided", "status": "True", "lastTransitionTime": "2026-06-01T00:00:00Z"}
        ],
        "recommendation": {"containerRecommendations": [recommended]},
    }
    cluster.kubectl(
        "patch", "verticalpodautoscaler", "web", "-n", "shop", "--subresource=status", "--type=merge",
        "-p", json.dumps({"status": status}),
    )  # fmt: skip
    done = podtailor("recommend", "-n", "shop", "--vpa", "-o", "json", f"--kubeconfig={cluster.kubeconfig}")
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)["recommendations"]
    assert (row["owner"]["name"], row["container"]) == ("web", "web")
    assert row["to"] == {"requests": {"cpu": "230m", "memory": "240Mi"}}
