"""The API server's version, as distributions write it."""

from __future__ import annotations

import pytest
from kubernetes.client import ApiClient, Configuration

from tests.cluster.fake_api import fake_api
from tests.support.processes import eventually, free_port
from webhook.cluster import reads, reflector
from webhook.cluster.snapshots import SnapshotSource
from webhook.cluster.version import minor_version
from webhook.engine.snapshot import Snapshot
from webhook.policies.merge import Update

EMPTY = {"metadata": {"resourceVersion": "1"}, "items": []}


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


@pytest.mark.parametrize(
    ("minor", "known"),
    [
        pytest.param("32", 32, id="as the API server says it"),
        pytest.param("", 35, id="as it was given, if the API server does not say it"),
    ],
)
def test_version_of_commands(minor: str, known: int) -> None:
    with fake_api() as (fake, api):
        fake.every_list = EMPTY
        fake.lists["version"] = {"major": "1", "minor": minor}
        assert reads.snapshot(api, Snapshot(kubernetes=35), (), ())[0].kubernetes == known


def test_server_knows_it_from_its_first_snapshot_on_and_reads_it_again_when_it_connects_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reflector, "_FIRST_PAUSE", 0.01)
    updates: list[Update] = []
    with fake_api() as (fake, api):
        fake.every_list = EMPTY
        fake.lists["version"] = {"major": "1", "minor": "33"}
        source = SnapshotSource(Snapshot(), (), [], api)
        watched = len(source.reflectors)
        source.start(updates.append)
        fake.wait_for(2 * watched + 1)  # each list and watch, and the version
        eventually("there is a snapshot", lambda: updates)
        # The API server is replaced by a newer one, which ends all watches.
        fake.lists["version"] = {"major": "1", "minor": "34"}
        fake.end_watches()
        eventually("the newer version is in force", lambda: updates[-1].snapshot.kubernetes == 34)
        fake.wait_for(3 * watched + 2)
        fake.lists["version"] = {"message": "starting"}
        fake.end_watches()
        fake.wait_for(4 * watched + 3)
        assert source.update().snapshot.kubernetes == 34, "what cannot be read stays"
        source.stop()
        fake.end()
    assert [each.snapshot.kubernetes for each in updates] == [33, 34]
