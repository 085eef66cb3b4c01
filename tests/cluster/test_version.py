"""The API server's version, as distributions write it."""

from __future__ import annotations

import pytest
from kubernetes.client import ApiClient, Configuration

from tests.cluster.fake_api import fake_api
from tests.support.processes import free_port
from webhook.cluster import reads
from webhook.cluster.snapshots import SnapshotSource
from webhook.cluster.version import minor_version
from webhook.engine.snapshot import Snapshot


@pytest.mark.parametrize(
    ("answer", "status", "minor"),
    [
        ({"major": "1", "minor": "36", "gitVersion": "v1.36.3"}, 200, 36),
        ({"major": "1", "minor": "33+", "gitVersion": "v1.33.4-gke.1"}, 200, 33),
        ({"major": "1", "minor": "33.4-gke.1"}, 200, None),
        ({"major": "2", "minor": "0"}, 200, None),
        ({"major": "1", "minor": ""}, 200, None),
        ({"major": "1", "minor": 33}, 200, None),
        ({"major": "1", "minor": "9" * 5000}, 200, None),
        ("<html>a proxy</html>", 200, None),
        ({"message": "forbidden"}, 403, None),
    ],
)
def test_minor_version(answer: str | dict[str, object], status: int, minor: int | None) -> None:
    with fake_api() as (fake, api):
        fake.respond(answer, status=status)
        assert minor_version(api) == minor


def test_api_server_that_cannot_be_reached_has_none() -> None:
    with ApiClient(Configuration(host=f"http://127.0.0.1:{free_port()}")) as api:
        api.configuration.retries = False
        assert minor_version(api) is None


def test_snapshots_know_it() -> None:
    empty = {"metadata": {"resourceVersion": "1"}, "items": []}
    with fake_api() as (fake, api):
        fake.every_list = empty
        fake.lists["version"] = {"major": "1", "minor": "32"}
        assert reads.snapshot(api, Snapshot(), (), ())[0].kubernetes == 32
        source = SnapshotSource(Snapshot(), (), [], api)
        for reflector in source.reflectors:
            reflector.list()
        asked = len(fake.requests)
        assert source.update().snapshot.kubernetes == 32
        assert source.update().snapshot.kubernetes == 32
        assert len(fake.requests) == asked + 1, "once"
