"""The API server says which Kubernetes it is, and podtailor answers by that, also after an upgrade."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.build import VERSION, VERSIONS, minor
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.webhook import Webhook
from tests.support.pods import pod
from tests.support.processes import eventually
from webhook.cluster.client import api_client
from webhook.cluster.version import minor_version

NEXT = next((each for each in VERSIONS if minor(each) > minor(VERSION)), None)


def test_version_of_the_api_server_is_known(cluster: ControlPlane) -> None:
    with api_client(str(cluster.kubeconfig)) as api:
        assert minor_version(api) == minor(cluster.version)


@pytest.mark.only_if(NEXT)
@pytest.mark.lets_pods_through
def test_newer_version_at_the_same_address_is_known(
    cluster: ControlPlane,  # noqa: ARG001 (the binaries are built)
    tmp_path: Path,
) -> None:
    """The API server is replaced as by an upgrade of the control plane, while podtailor runs."""
    assert NEXT
    with ControlPlane(tmp_path, kwok=False) as own:
        webhook = Webhook(own, tmp_path, "--from-cluster", f"--kubeconfig={own.kubeconfig}")
        try:
            webhook.register()
            _wait_until_known(webhook, VERSION)
            assert _sized(own) == _expected(VERSION)
            own.kill("kube-apiserver")
            own.start_again("kube-apiserver", NEXT)
            _wait_until_known(webhook, NEXT)
            eventually("the API server is ready", lambda: own.get("/readyz") == "ok")
            assert _sized(own) == _expected(NEXT)
        finally:
            webhook.stop()


def _wait_until_known(webhook: Webhook, version: str) -> None:
    def is_known(line: str) -> bool | None:
        return json.loads(line).get("kubernetes_minor") == minor(version) or None

    webhook.process.wait_for_line(is_known, 120)


# docs/kubernetes.md: where a version drops `spec.resources`, or takes an empty one as unset, containers are sized.
_PODS = {"full": "resources: {limits: {cpu: '1', memory: 1Gi}}", "empty": "resources: {}"}


def _sized(cluster: ControlPlane) -> dict[str, bool]:
    """By Pod: whether podtailor gives its container requests."""
    with Client(cluster.kubeconfig) as client:
        made = {name: client.create("default", pod(spec), dry_run=True) for name, spec in _PODS.items()}
    return {name: bool(stored["spec"]["containers"][0].get("resources")) for name, stored in made.items()}


def _expected(version: str) -> dict[str, bool]:
    drops = minor(version) < 34
    return {"full": drops, "empty": drops or minor(version) >= 37}
