"""The API server says which Kubernetes it is."""

from __future__ import annotations

from tests.e2e.controlplane.build import minor
from tests.e2e.controlplane.cluster import ControlPlane
from webhook.cluster.client import api_client
from webhook.cluster.version import minor_version


def test_version_of_the_api_server_is_known(cluster: ControlPlane) -> None:
    with api_client(str(cluster.kubeconfig)) as api:
        assert minor_version(api) == minor(cluster.version)
