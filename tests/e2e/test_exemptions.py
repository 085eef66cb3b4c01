"""Exempt Pods, those that the API server does not send to podtailor, and a webhook that is unreachable."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.webhook import Webhook
from tests.support.pods import Json, pod
from webhook.model.names import APPLIED

# A mirror Pod has no ServiceAccount, and needs its Node.
MIRROR = pod("nodeName: amd64", metadata="annotations: {kubernetes.io/config.mirror: hash}")
NEVER_ASKED = [
    pytest.param(pod(metadata="labels: {podtailor.dev/injection: disabled}"), id="opted-out Pod"),
    pytest.param(MIRROR, id="mirror Pod"),
    pytest.param(pod("os: {name: windows}"), id="Windows Pod by its os"),
    pytest.param(pod("nodeSelector: {kubernetes.io/os: windows}"), id="Windows Pod by its nodeSelector"),
    pytest.param(pod("priorityClassName: system-cluster-critical"), id="critical Pod"),
    pytest.param(pod("priorityClassName: system-node-critical"), id="node-critical Pod"),
]


@pytest.mark.parametrize("manifest", NEVER_ASKED)
def test_never_asked_about_these_pods(
    client: Client, webhook: Webhook, namespace: str, manifest: Json
) -> None:
    before = webhook.reviews()
    created = client.create(namespace, manifest, dry_run=True)
    assert webhook.reviews() == before
    assert APPLIED not in created["metadata"].get("annotations", {})


@pytest.mark.parametrize("name", ["kube-system", "kube-public", "kube-node-lease", "podtailor-system"])
def test_never_asked_about_these_namespaces(
    cluster: ControlPlane, client: Client, webhook: Webhook, name: str
) -> None:
    cluster.wait_for_namespace(name)
    before = webhook.reviews()
    # podtailor's own is restricted.
    spec = "securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}"
    context = "securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}"
    client.create(name, pod(spec, container=context), dry_run=True)
    assert webhook.reviews() == before


@pytest.mark.parametrize("label", [{"injection": "disabled"}, {"mode": "off"}])
def test_never_asked_about_namespaces_that_opted_out(
    cluster: ControlPlane, client: Client, webhook: Webhook, label: dict[str, str]
) -> None:
    name = cluster.create_namespace(f"opted-out-{next(iter(label))}", **label)
    before = webhook.reviews()
    client.create(name, pod(), dry_run=True)
    assert webhook.reviews() == before


def test_asks_nothing_about_updates(
    cluster: ControlPlane, client: Client, webhook: Webhook, namespace: str
) -> None:
    client.create(namespace, pod())
    before = webhook.reviews()
    cluster.kubectl("label", "pod", "p", "-n", namespace, "changed=yes")
    cluster.kubectl("delete", "pod", "p", "-n", namespace, "--wait=false")
    assert webhook.reviews() == before


@pytest.mark.lets_pods_through
def test_pods_are_created_while_the_webhook_is_away(
    cluster: ControlPlane, client: Client, webhook: Webhook, namespace: str, tmp_path: Path
) -> None:
    """And it tells: the API server counts each Pod that it let through."""
    webhook.stop()
    before = cluster.metric("apiserver_admission_webhook_fail_open_count")
    created = client.create(namespace, pod())
    assert APPLIED not in created["metadata"].get("annotations", {})
    assert cluster.metric("apiserver_admission_webhook_fail_open_count") == before + 1
    back = Webhook(cluster, tmp_path)
    try:
        back.register()
        created = client.create(cluster.create_namespace("back"), pod())
        assert APPLIED in created["metadata"]["annotations"]
    finally:
        back.stop()
