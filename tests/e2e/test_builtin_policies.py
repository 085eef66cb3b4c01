"""Each built-in type by a bare Pod and by its controller, placed by the real scheduler."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json, pod
from webhook.model.names import APPLIED

RESIZE = [
    {"resourceName": "cpu", "restartPolicy": "NotRequired"},
    {"resourceName": "memory", "restartPolicy": "NotRequired"},
]
GPU = "resources: {limits: {nvidia.com/gpu: 2}}"
CLAIM = "volumes: [{name: data, persistentVolumeClaim: {claimName: gone}}]"
ARM = "labels: {podtailor.dev/workload-type: arm64}"

GENERAL_REQUESTS = {"cpu": "100m", "memory": "256Mi"}
STATEFUL_REQUESTS = {"cpu": "500m", "memory": "1Gi"}
GPU_REQUESTS = {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "2"}


def _controller(kind: str, template: Json, **spec: Any) -> Json:
    group = "batch/v1" if kind == "Job" else "apps/v1"
    template = {"metadata": template["metadata"], "spec": template["spec"]}
    template["metadata"].setdefault("labels", {})["app"] = "x"
    for field in ("name", "namespace"):
        template["metadata"].pop(field, None)
    selector = {} if kind == "Job" else {"selector": {"matchLabels": {"app": "x"}}}
    body = {"template": template, **selector, **spec}
    return {"apiVersion": group, "kind": kind, "metadata": {"name": "o"}, "spec": body}


BY_POD = [
    pytest.param(pod(container=GPU), GPU_REQUESTS, id="GPU"),
    pytest.param(pod(CLAIM), STATEFUL_REQUESTS, id="Stateful"),
    pytest.param(pod(metadata=ARM), GENERAL_REQUESTS, id="ARM64"),
    pytest.param(pod(), GENERAL_REQUESTS, id="General"),
]
BY_CONTROLLER = [
    pytest.param(_controller("Deployment", pod(container=GPU)), GPU_REQUESTS, "gpu", id="GPU Deployment"),
    pytest.param(
        _controller("StatefulSet", pod(), serviceName="o"), STATEFUL_REQUESTS, "amd64", id="StatefulSet"
    ),
    pytest.param(
        _controller("Job", pod("restartPolicy: Never", metadata=ARM)),
        GENERAL_REQUESTS,
        "arm64",
        id="ARM64 Job",
    ),
    pytest.param(_controller("Deployment", pod()), GENERAL_REQUESTS, "amd64", id="Deployment"),
    pytest.param(_controller("ReplicaSet", pod()), GENERAL_REQUESTS, "amd64", id="ReplicaSet"),
]


@pytest.mark.parametrize(("manifest", "requests"), BY_POD)
def test_bare_pods(client: Client, namespace: str, manifest: Json, requests: Json) -> None:
    created = client.create(namespace, manifest)
    container = created["spec"]["containers"][0]
    assert container["resources"]["requests"] == requests
    assert [entry["resourceName"] for entry in container["resizePolicy"]] == ["cpu", "memory"]
    assert json.loads(created["metadata"]["annotations"][APPLIED])


@pytest.mark.parametrize(("manifest", "requests", "node"), BY_CONTROLLER)
def test_controllers(
    cluster: ControlPlane, client: Client, namespace: str, manifest: Json, requests: Json, node: str
) -> None:
    cluster.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(manifest))
    created = client.first_pod(namespace, bound=True)
    assert created["spec"]["containers"][0]["resources"]["requests"] == requests
    assert created["spec"]["nodeName"] == node


def test_label_alone_sends_a_pod_to_an_arm64_node(client: Client, namespace: str, spared: str) -> None:
    labelled = pod(metadata=ARM)
    client.create(namespace, labelled)
    client.create(spared, labelled)
    with_us, without_us = client.first_pod(namespace, bound=True), client.first_pod(spared, bound=True)
    assert with_us["spec"]["nodeSelector"] == {"kubernetes.io/arch": "arm64"}
    assert (with_us["spec"]["nodeName"], without_us["spec"]["nodeName"]) == ("arm64", "amd64")


def test_gpu_pod_lands_on_the_tainted_node(client: Client, namespace: str) -> None:
    client.create(namespace, pod(container=GPU))
    created = client.first_pod(namespace, bound=True)
    assert created["spec"]["nodeName"] == "gpu"
    assert created["spec"]["containers"][0]["resizePolicy"][1]["restartPolicy"] == "RestartContainer"


def test_daemonset_pods_get_no_selector_and_run(
    cluster: ControlPlane, client: Client, namespace: str
) -> None:
    daemon = _controller("DaemonSet", pod(metadata=ARM))
    cluster.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(daemon))
    created = client.first_pod(namespace, bound=True)
    container = created["spec"]["containers"][0]
    assert "nodeSelector" not in created["spec"]
    assert container["resizePolicy"] == RESIZE
    assert container["resources"] == {}
    assert created["spec"]["nodeName"] == "amd64"


def test_pod_that_never_restarts_gets_no_restart(client: Client, namespace: str) -> None:
    created = client.create(namespace, pod("restartPolicy: Never", container=GPU))
    assert created["spec"]["containers"][0]["resizePolicy"] == RESIZE[:1]


def test_bound_pod_gets_a_resize_policy_at_most(client: Client, namespace: str) -> None:
    created = client.create(namespace, pod("nodeName: amd64", metadata=ARM))
    assert "nodeSelector" not in created["spec"]
    (container,) = created["spec"]["containers"]
    assert container["resources"] == {}
    assert container["resizePolicy"]


def test_sidecar_is_tailored_and_init_container_is_not(client: Client, namespace: str) -> None:
    spec = "initContainers: [{name: i, image: i}, {name: s, image: s, restartPolicy: Always}]"
    created = client.create(namespace, pod(spec))
    init, sidecar = created["spec"]["initContainers"]
    assert "resizePolicy" not in init
    assert sidecar["resizePolicy"] == RESIZE


def test_dry_run_shows_what_the_real_create_gives(
    cluster: ControlPlane, client: Client, namespace: str
) -> None:
    # A token volume would have another random name each time.
    manifest = pod(f"{CLAIM}\nautomountServiceAccountToken: false", container=GPU)
    preview = cluster.kubectl_json(
        "create", "--dry-run=server", "-n", namespace, "-f", "-", stdin=json.dumps(_in(namespace, manifest))
    )
    created = client.create(namespace, manifest)
    assert preview["spec"]["containers"] == created["spec"]["containers"]
    assert preview["spec"]["tolerations"] == created["spec"]["tolerations"]
    assert preview["metadata"]["annotations"] == created["metadata"]["annotations"]


def test_kubectl_sees_no_warning(cluster: ControlPlane, client: Client, namespace: str) -> None:
    """A Pod is tailored without a word."""
    cluster.kubectl(
        "create", "--warnings-as-errors", "-n", namespace, "-f", "-", stdin=json.dumps(_in(namespace, pod()))
    )
    assert client.first_pod(namespace)["metadata"]["annotations"][APPLIED]


def _in(namespace: str, manifest: Json) -> Json:
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": namespace}}
