"""What the audit says of a whole cluster: room, autoscalers, controllers of others; the API server's own log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.audits import audit, audit_lines, make
from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.webhook import Webhook
from tests.e2e.workloads import bare, controller
from tests.support.pods import Json
from tests.support.processes import eventually

ROLLOUTS = Path(__file__).parent / "rollouts.yaml"
METRICS = Path(__file__).parent / "pod-metrics.yaml"


@pytest.fixture(scope="module")
def webhook_flags(crds: ControlPlane) -> list[str]:
    return ["--from-cluster", f"--kubeconfig={crds.kubeconfig}"]


def test_room_counts_what_every_pod_of_the_cluster_requests(cluster: ControlPlane) -> None:
    summary = audit_lines(cluster.kubeconfig, "--builtin=strict")[-1]["summary"]
    widest = summary["capacity"][0]
    assert (widest["nodeSelector"], widest["nodes"]) == ("", 3)
    assert widest["allocatable"] == {"cpu": "192", "memory": "768Gi"}


def test_autoscaler_that_would_wake_is_named_with_what_it_would_read(
    cluster: ControlPlane,
) -> None:
    """The metrics API is played by a custom resource of the same group, version and shape."""
    namespace = cluster.create_namespace("scaled", injection="disabled")
    hpa = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web"},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "maxReplicas": 5,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}},
                }
            ],
        },
    }
    make(cluster, namespace, controller("Deployment", "web", 2), hpa)
    labelled = "--selector=app=web"
    pods = eventually(
        "2 Pods", lambda: _two(cluster.kubectl_json("get", "pods", f"--namespace={namespace}", labelled))
    )
    cluster.kubectl("label", "namespace", namespace, "podtailor.dev/injection-", "podtailor.dev/mode=audit")

    def reads() -> object:
        woken = audit_lines(cluster.kubeconfig)[-1]["summary"]["autoscalers"]
        (mine,) = [each for each in woken if each["namespace"] == namespace]
        assert (mine["name"], mine["resource"], mine["target"]) == ("web", "cpu", 80)
        return mine["reads"]

    assert reads() is None
    cluster.kubectl("apply", "-f", str(METRICS))
    try:
        cluster.kubectl("wait", "--for=condition=Established", "crd/pods.metrics.k8s.io", "--timeout=30s")
        for pod in pods:
            usage = [{"name": "app", "usage": {"cpu": "230m", "memory": "10Mi"}}]
            name = {"name": pod["metadata"]["name"]}
            make(
                cluster,
                namespace,
                {
                    "apiVersion": "metrics.k8s.io/v1beta1",
                    "kind": "PodMetrics",
                    "metadata": name,
                    "containers": usage,
                },
            )
        assert reads() == 230
        assert "target 80% of cpu, usage relative to new requests 230%" in audit(cluster.kubeconfig).stdout
    finally:
        cluster.kubectl("delete", "-f", str(METRICS))


def _two(listed: Json) -> list[Json] | None:
    return listed["items"] if len(listed["items"]) == 2 else None


def test_controller_of_somebody_else_is_looked_at(cluster: ControlPlane) -> None:
    cluster.kubectl("apply", "-f", str(ROLLOUTS))
    cluster.kubectl("wait", "--for=condition=Established", "crd/rollouts.example.com", "--timeout=30s")
    namespace = cluster.create_namespace("rolled")
    template = controller("Deployment", "web", 1)["spec"]["template"]
    rollout = {
        "apiVersion": "example.com/v1",
        "kind": "Rollout",
        "metadata": {"name": "web"},
        "spec": {"replicas": 1, "pod": template},
    }
    make(cluster, namespace, rollout)
    flag = "--controller=Rollout.v1.example.com=spec.pod"
    (line,) = audit_lines(cluster.kubeconfig, "-n", namespace, flag)[:-1]
    assert (line["kind"], line["name"], line["finding"]) == ("Rollout.example.com", "web", "would-change")
    odd = {**rollout, "metadata": {"name": "odd"}, "spec": {"pod": {"spec": {"containers": 3}}}}
    make(cluster, namespace, odd)
    done = audit(cluster.kubeconfig, "-n", namespace, flag, "--fail-on=none", "-o", "json")
    first, other, _ = map(json.loads, done.stdout.splitlines())
    assert (first["name"], first["finding"], other["finding"]) == ("odd", "not-judged", "would-change")
    assert (done.returncode, done.stderr) == (
        1,
        (
            "warning: Rollout.example.com rolled/odd could not be judged: "
            "spec.pod.spec.containers: must be a list, but is a whole number [not-judged]\n"
        ),
    )
    cluster.kubectl("delete", "rollouts.example.com", "odd", f"--namespace={namespace}")
    unserved = audit(cluster.kubeconfig, "-n", namespace, "--controller=Gadget.v1.example.com=spec.pod")
    assert unserved.returncode == 2
    assert unserved.stderr == (
        "error: cluster: Gadget of example.com/v1: the API server does not serve it [missing-definitions]\n"
        "hint: `kubectl api-resources --api-group=example.com` lists what it serves\n"
    )


def test_audit_log_of_the_api_server_holds_what_an_audited_policy_would_do(
    cluster: ControlPlane, client: Client, webhook: Webhook
) -> None:
    namespace = cluster.create_namespace("watched", mode="audit")
    series = 'podtailor_mutations_total{field="requests",mode="audit",policy="general"}'
    before = webhook.metric(series)
    client.create(namespace, bare("seen"))
    noted = eventually("it is logged", lambda: cluster.audit_annotations(namespace, "seen"))
    assert "general: app:requests.cpu" in noted["pods.podtailor.dev/would-change"]
    assert webhook.metric(series) == before + 2, "of cpu and of memory"
