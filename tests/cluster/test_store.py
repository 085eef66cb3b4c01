"""How old what is in force says it is."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.cluster.answers import Answers, answering
from tests.support.processes import eventually
from webhook.cluster.store import Store
from webhook.engine.snapshot import Snapshot
from webhook.policies.sources import Update

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
