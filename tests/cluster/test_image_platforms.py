"""The ConfigMap about images: what a review is told of it, and when there is none."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator

import pytest
from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi, fake_api
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.cluster import image_platforms, snapshots
from webhook.cluster.image_platforms import ImageSnapshot
from webhook.cluster.snapshots import SnapshotSource
from webhook.engine.snapshot import Snapshot
from webhook.model.image_platforms import ImagePlatforms, Known
from webhook.policies.merge import Update

KEY = "podtailor-system/podtailor-image-platforms"
EMPTY = {"metadata": {"resourceVersion": "1"}, "items": []}
METADATA = {"name": "podtailor-image-platforms", "namespace": "podtailor-system", "resourceVersion": "9"}


def _list(**data: str) -> Json:
    return {"metadata": {"resourceVersion": "9"}, "items": [{"metadata": METADATA, "data": data}]}


def _read(lines: str, now: float) -> Known:
    """Each line is an image and when it becomes too old."""
    if "bad" in lines:
        raise ValueError("line 3: bad")
    pairs = (line.split() for line in lines.splitlines())
    return {image: ImagePlatforms(source=until) for image, until in pairs if float(until) > now}


def test_lines_are_read_when_they_change_and_when_they_may_have_become_too_old(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = ImageSnapshot(_read)
    assert not images.update({})
    assert images.update({KEY: "a 1e12\nb 1e12"})
    assert [*images.known] == ["a", "b"]
    assert not images.update({KEY: "a 1e12\nb 1e12"}), "the same is known"
    soon = time.time() + 0.1
    assert images.update({KEY: f"a 1e12\nb {soon}"})
    monkeypatch.setattr(time, "time", lambda: soon + 1)
    assert not images.update({}), "it is not looked at so soon"
    monkeypatch.setattr(time, "monotonic", lambda: math.inf)
    assert images.update({}), "b has become too old meanwhile"
    assert [*images.known] == ["a"]
    assert images.update({KEY: None})
    assert images.known == {}


def test_one_bad_line_makes_all_of_it_unusable(caplog: pytest.LogCaptureFixture) -> None:
    images = ImageSnapshot(_read)
    images.update({KEY: "a 1e12"})
    assert images.update({KEY: "a 1e12\nbad"})
    assert images.known == {}
    assert [vars(each)["reason"] for each in caplog.records] == ["line 3: bad"]
    assert not images.update({})
    assert len(caplog.records) == 1
    assert images.update({KEY: "a 1e12"})


@pytest.fixture
def started() -> Iterator[tuple[FakeApi, SnapshotSource, list[Update]]]:
    with fake_api() as (fake, api):
        fake.every_list = EMPTY
        yield fake, *_source(api)
        fake.end()


def _source(api: ApiClient) -> tuple[SnapshotSource, list[Update]]:
    return SnapshotSource(Snapshot(), (), [], api, read_images=_read), []


def test_only_this_config_map_is_asked_for(
    started: tuple[FakeApi, SnapshotSource, list[Update]],
) -> None:
    fake, source, updates = started
    fake.lists["configmaps"] = _list(**{"2.jsonl": "b 1e12", "1.jsonl": "a 1e12"})
    source.start(updates.append)
    eventually("there is a snapshot", lambda: updates)
    name = "metadata.name=podtailor-image-platforms"

    def asked() -> list[str]:
        return [each["fieldSelector"] for each in fake.requests if "fieldSelector" in each]

    eventually("it is listed and watched", lambda: len(asked()) == 2)
    source.stop()
    assert [*updates[0].snapshot.image_platforms] == ["a", "b"]
    assert asked() == [name, name]


@pytest.mark.parametrize("status", [403, 404])
def test_it_may_be_missing_or_forbidden(status: int, caplog: pytest.LogCaptureFixture) -> None:
    with fake_api() as (fake, api):
        fake.every_list = EMPTY
        fake.refused["configmaps"] = status
        source, updates = _source(api)
        source.start(updates.append)
        eventually("there is a snapshot", lambda: updates)
        source.stop()
        fake.end()
    assert updates[0].snapshot.image_platforms == {}
    assert source.unsynced_kinds() == []
    messages = [each.message for each in caplog.records if vars(each).get("kind") == "configmaps"]
    assert len([each for each in messages if "kind" in each]) == 1


def test_snapshots_are_made_again_without_any_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that what becomes too old is forgotten."""
    for module in (snapshots, image_platforms):
        monkeypatch.setattr(module, "REFRESH_SECONDS", 0.05)
    with fake_api() as (fake, api):
        fake.every_list = EMPTY
        fake.lists["configmaps"] = _list(lines=f"a {time.time() + 1}")
        source, updates = _source(api)
        forgotten = threading.Event()

        def look(update: Update) -> None:
            updates.append(update)
            if not update.snapshot.image_platforms:
                forgotten.set()

        source.start(look)
        assert forgotten.wait(20)
        source.stop()
        fake.end()
    assert [len(each.snapshot.image_platforms) for each in updates] == [1, 0]
