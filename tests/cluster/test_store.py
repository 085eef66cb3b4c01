"""What is in force, and how old it says it is."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.cluster.answers import Answers, answering
from tests.support.processes import eventually
from webhook.cluster import once, reflector
from webhook.cluster.store import Store
from webhook.engine.snapshot import Snapshot
from webhook.policies.shipped import Profile, shipped
from webhook.policies.sources import Update
from webhook.server.metrics import Metrics

EMPTY = {"metadata": {"resourceVersion": "1"}, "items": []}


@pytest.fixture
def listed() -> Iterator[tuple[Answers, Store]]:
    """A store whose five kinds have been listed, and are watched in silence."""
    with answering() as (answers, api):
        answers.every_list = EMPTY
        store = Store(Snapshot(), (), [], api)
        yield answers, store
        store.stop()
        answers.end()


def test_age_grows_while_nothing_is_heard(listed: tuple[Answers, Store]) -> None:
    answers, store = listed
    store.start(lambda _: None)
    answers.wait_for(10)
    first = store.age()
    eventually("it grows", lambda: store.age() > first + 0.2)
    answers.give(*['{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "2"}}}\n'] * 5)
    eventually("all have been heard", lambda: store.age() < 0.2)


def test_age_grows_while_no_snapshot_can_be_made(
    listed: tuple[Answers, Store], caplog: pytest.LogCaptureFixture
) -> None:
    answers, store = listed

    def breaks(update: Update) -> None:
        raise RuntimeError(update)

    store.start(breaks)
    eventually("it has failed", lambda: "background work failed and starts again" in caplog.messages)
    failed_at = time.monotonic()
    answers.wait_for(10)
    answers.give(*['{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "2"}}}\n'] * 5)
    answers.wait_for(15)
    assert store.age() >= time.monotonic() - failed_at


CUSTOM = "/apis/podtailor.dev/"
POLICY = {"metadata": {"name": "from-the-cluster", "uid": "u", "resourceVersion": "9"}, "spec": {}}


def _names(update: Update) -> list[str]:
    return sorted(policy.name for policy in update.snapshot.policies)


@pytest.fixture
def without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reflector, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(reflector, "_LONGEST_PAUSE", 0.05)


@pytest.mark.usefixtures("without_delay")
def test_without_definitions_what_is_shipped_is_in_force_until_they_come(
    caplog: pytest.LogCaptureFixture,
) -> None:
    updates: list[Update] = []
    caplog.set_level("INFO", "podtailor")
    with answering() as (answers, api):
        answers.every_list = EMPTY
        answers.not_served = CUSTOM
        store = Store(Snapshot(), shipped(Profile.SAFE, ()), [], api)
        store.start(updates.append)
        eventually("there is a snapshot", lambda: updates)
        assert store.waits_for() == []
        assert _names(updates[-1]) == ["arm64", "general", "gpu", "stateful"]
        metrics = Metrics()
        metrics.loaded(updates[-1])
        synced = {
            kind: metrics.registry.get_sample_value("podtailor_informer_synced", {"kind": kind})
            for kind in ("workloadpolicies", "clusterworkloadpolicies", "namespaces")
        }
        assert synced == {"workloadpolicies": 0, "clusterworkloadpolicies": 0, "namespaces": 1}
        assert store.age() < 5
        warned = sorted(vars(each)["kind"] for each in caplog.records if each.levelname == "WARNING")
        assert warned == ["clusterworkloadpolicies", "workloadpolicies"], "once each"
        answers.every_list = {"metadata": {"resourceVersion": "9"}, "items": [POLICY]}
        # The namespaced kind is still not served: the same object would be an invalid one of it.
        answers.not_served = f"{CUSTOM}v1alpha1/workloadpolicies"
        eventually("policies are heard", lambda: "from-the-cluster" in _names(updates[-1]))
        store.stop()
        answers.end()


def test_command_that_looks_once_finds_no_policies_without_definitions() -> None:
    with answering() as (answers, api):
        answers.every_list = EMPTY
        answers.not_served = CUSTOM
        found, standings = once.snapshot(api, Snapshot(), shipped(Profile.SAFE, ()), ())
        assert (len(found.policies), standings) == (4, ())
        assert (once.standings(api), once.documents(api)) == ((), [])
