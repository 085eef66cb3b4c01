"""With --client-ca-file only the API server is answered: it has the client certificate of its AdmissionConfiguration."""

from __future__ import annotations

import ssl
from http.client import RemoteDisconnected

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.traffic import POD, is_marked
from tests.e2e.webhook import Webhook
from tests.support.pods import pod


@pytest.fixture(scope="module")
def webhook_flags(cluster: ControlPlane) -> list[str]:
    return [f"--client-ca-file={cluster.ca}"]


def test_only_the_api_server_is_accepted(client: Client, webhook: Webhook) -> None:
    assert is_marked(client.create("default", POD, dry_run=True))
    with pytest.raises((ssl.SSLError, RemoteDisconnected, ConnectionResetError)):
        webhook.review(pod())
