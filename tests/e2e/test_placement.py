"""Where Pods may go is also said by RuntimeClasses and, with two plugins that few run, by their namespace.

On a cluster of its own whose API server runs both plugins. Each case comes with its control: what we would
add is refused where a Pod says so itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count

import pytest

from tests.e2e.client import Client, Refused
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.webhook import Webhook
from tests.support.pods import Json, pod
from tests.support.processes import eventually

PLUGINS = "--enable-admission-plugins=PodNodeSelector,PodTolerationRestriction"
ARM64 = {"kubernetes.io/arch": "arm64"}
ALLOWED = "scheduler.alpha.kubernetes.io/tolerationsWhitelist"
# What the API server adds to Pods by itself.
EVERY_POD = [
    {"key": f"node.kubernetes.io/{name}", "operator": "Exists"}
    for name in ("not-ready", "unreachable", "memory-pressure")
]
_NUMBERS = count()


@pytest.fixture(scope="module")
def own(
    cluster: ControlPlane,  # noqa: ARG001 (the binaries are built)
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("own"), PLUGINS) as made:
        made.install_policies()
        yield made


@pytest.fixture(scope="module")
def replica(own: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webhook]:
    made = Webhook(
        own,
        tmp_path_factory.mktemp("webhook"),
        *("--builtin=off", "--policies=tests/e2e/placement-policies.yaml", "--from-cluster"),
        f"--kubeconfig={own.kubeconfig}",
    )
    try:
        eventually("all is listed", lambda: made.health("/readyz")[0] == 200)
        made.register()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def owned_client(own: ControlPlane) -> Iterator[Client]:
    with Client(own.kubeconfig) as made:
        yield made


def _namespace(own: ControlPlane, replica: Webhook, annotations: Json, **labels: str) -> str:
    """A namespace with these annotations, known to podtailor."""
    name = own.create_namespace(f"placed-{next(_NUMBERS)}", **labels)
    patch = json.dumps({"metadata": {"annotations": annotations}})
    made = own.kubectl_json("patch", "namespace", name, "--type=merge", f"--patch={patch}")
    replica.knows("namespaces", made)
    return name


def _keys(created: Json) -> set[str]:
    return {each.get("key", "") for each in created["spec"].get("tolerations", [])}


def test_without_any_of_it_all_is_added(own: ControlPlane, replica: Webhook, owned_client: Client) -> None:
    created = owned_client.create(_namespace(own, replica, {}), pod(), dry_run=True)
    assert created["spec"]["nodeSelector"] == ARM64
    assert {"kubernetes.io/arch", "allowed"} <= _keys(created)


def test_tolerations_that_the_namespace_does_not_allow_are_left_out(
    own: ControlPlane, replica: Webhook, owned_client: Client
) -> None:
    annotations = {ALLOWED: json.dumps([*EVERY_POD, {"key": "allowed", "operator": "Exists"}])}
    spared = _namespace(own, replica, annotations, injection="disabled")
    with pytest.raises(Refused, match="conflict with its namespace whitelist"):
        owned_client.create(spared, pod("tolerations: [{key: other, operator: Exists}]"), dry_run=True)
    created = owned_client.create(_namespace(own, replica, annotations), pod(), dry_run=True)
    assert "allowed" in _keys(created)
    assert "kubernetes.io/arch" not in _keys(created)


def test_toleration_without_operator_is_compared_as_the_api_server_compares_it(
    own: ControlPlane, replica: Webhook, owned_client: Client
) -> None:
    allowed = [
        *EVERY_POD,
        {"key": "kubernetes.io/arch", "operator": "Equal", "value": "arm64", "effect": "NoSchedule"},
    ]
    namespace = _namespace(own, replica, {ALLOWED: json.dumps(allowed)})
    assert "kubernetes.io/arch" in _keys(owned_client.create(namespace, pod(), dry_run=True))


def test_pod_stays_best_effort_where_its_namespace_allows_nothing_else(
    own: ControlPlane, replica: Webhook, owned_client: Client
) -> None:
    """The plugin lets every other Pod tolerate memory pressure, and then refuses it for that."""
    annotations = {ALLOWED: json.dumps([each for each in EVERY_POD if "memory" not in each["key"]])}
    spared = _namespace(own, replica, annotations, injection="disabled")
    with pytest.raises(Refused, match="conflict with its namespace whitelist"):
        owned_client.create(spared, pod(container="resources: {requests: {cpu: 1m}}"), dry_run=True)
    created = owned_client.create(_namespace(own, replica, annotations), pod(), dry_run=True)
    assert created["status"]["qosClass"] == "BestEffort"


def test_node_selector_of_the_namespace_stays(
    own: ControlPlane, replica: Webhook, owned_client: Client
) -> None:
    annotations = {"scheduler.alpha.kubernetes.io/node-selector": "kubernetes.io/arch=amd64"}
    spared = _namespace(own, replica, annotations, injection="disabled")
    with pytest.raises(Refused, match="conflict"):
        owned_client.create(spared, pod("nodeSelector: {kubernetes.io/arch: arm64}"), dry_run=True)
    created = owned_client.create(_namespace(own, replica, annotations), pod(), dry_run=True)
    assert created["spec"]["nodeSelector"] == {"kubernetes.io/arch": "amd64"}


def test_node_selector_of_a_runtime_class_stays(
    own: ControlPlane, replica: Webhook, owned_client: Client
) -> None:
    scheduling = {
        "nodeSelector": {"kubernetes.io/arch": "amd64"},
        "tolerations": [{"key": "sandbox", "operator": "Exists"}],
    }
    runtime = {
        "apiVersion": "node.k8s.io/v1",
        "kind": "RuntimeClass",
        "metadata": {"name": "sandbox"},
        "handler": "sandbox",
        "scheduling": scheduling,
    }
    own.kubectl("create", "-f", "-", stdin=json.dumps(runtime))
    manifest = pod("runtimeClassName: sandbox")
    spared = _namespace(own, replica, {}, injection="disabled")
    eventually("the API server knows it", lambda: _is_taken(owned_client, spared, manifest))
    sent = pod("{runtimeClassName: sandbox, nodeSelector: {kubernetes.io/arch: arm64}}")
    with pytest.raises(Refused, match="conflict"):
        owned_client.create(spared, sent, dry_run=True)
    created = owned_client.create(_namespace(own, replica, {}), manifest, dry_run=True)
    assert created["spec"]["nodeSelector"] == {"kubernetes.io/arch": "amd64"}
    assert {"sandbox", "allowed"} <= _keys(created)


def _is_taken(client: Client, namespace: str, manifest: Json) -> bool:
    try:
        client.create(namespace, manifest, dry_run=True)
    except Refused:
        return False
    return True
