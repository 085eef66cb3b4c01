"""Another webhook adds a container after us: the API server asks us again, and it is tailored too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.injector import injecting
from tests.support.pods import pod
from tests.support.processes import eventually
from webhook.model.names import APPLIED


@pytest.fixture
def injector(cluster: ControlPlane, tmp_path: Path) -> Iterator[None]:
    with injecting(cluster, tmp_path):
        yield


@pytest.mark.usefixtures("injector")
def test_container_that_comes_after_us_is_tailored(client: Client, namespace: str) -> None:
    manifest = pod(metadata="labels: {late: wanted}")

    def injected() -> Any:
        created = client.create(namespace, manifest, dry_run=True)
        return created if len(created["spec"]["containers"]) > 1 else None

    created = eventually("the other webhook is called", injected)
    app, late = created["spec"]["containers"]
    assert late["resources"]["requests"] == app["resources"]["requests"] == {"cpu": "100m", "memory": "256Mi"}
    assert late["resizePolicy"] == app["resizePolicy"]
    fields = json.loads(created["metadata"]["annotations"][APPLIED])["general"]
    assert {"app:requests.cpu", "late:requests.cpu"} <= set(fields)
