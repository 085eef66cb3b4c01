"""A cheap review waits for at most one expensive review."""

from __future__ import annotations

import asyncio
import time

import pytest

from webhook.server import turns
from webhook.server.turns import Turns

EXPENSIVE_SECONDS = 0.02
LARGE = b"slow" + bytes(100_000)


class Reviews:
    """Records the order in which reviews were decided."""

    def __init__(self) -> None:
        self.done: list[bytes] = []
        self.turns = Turns(self._review)

    async def _review(self, body: bytes) -> bytes:
        if body.startswith(b"slow"):
            time.sleep(EXPENSIVE_SECONDS)  # noqa: ASYNC251 (as an expensive review blocks the event loop)
        self.done.append(body[:4])
        return body

    async def at_once(self, *requests: tuple[bytes, str]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for body, caller in requests:
                tasks.create_task(self.turns.review(body, caller))


def test_cheap_reviews_run_between_expensive_ones() -> None:
    async def order() -> list[bytes]:
        reviews = Reviews()
        await reviews.at_once((LARGE, "a"), (LARGE, "b"), (LARGE, "c"), (b"pod1", "d"), (b"pod2", "e"))
        return reviews.done

    assert asyncio.run(order()) == [b"slow", b"pod1", b"pod2", b"slow", b"slow"]


def test_caller_waits_after_an_expensive_review_however_small_the_next() -> None:
    async def order() -> list[bytes]:
        reviews = Reviews()
        await reviews.at_once((b"slow", "a"), (b"slow", "b"))
        reviews.done.clear()
        await reviews.at_once((b"slow", "a"), (b"slow", "b"), (b"pod1", "c"))
        return reviews.done

    assert asyncio.run(order()) == [b"slow", b"pod1", b"slow"]


def test_caller_does_not_wait_after_a_cheap_review() -> None:
    async def order() -> list[bytes]:
        reviews = Reviews()
        await reviews.turns.review(b"slow", "a")
        await reviews.turns.review(b"pod1", "a")
        reviews.done.clear()
        await reviews.at_once((LARGE, "b"), (b"pod2", "a"))
        return reviews.done

    assert asyncio.run(order()) == [b"slow", b"pod2"]


def test_review_that_only_waited_was_not_expensive() -> None:
    """As for a namespace that the watch has not delivered yet."""

    async def order() -> list[bytes]:
        reviews, waited = Reviews(), [EXPENSIVE_SECONDS * 10]
        reviews.turns = Turns(reviews._review, lambda: waited[-1])  # noqa: SLF001 (its own)
        await reviews.turns.review(b"slow", "a")
        waited.append(0.0)
        reviews.done.clear()
        await reviews.at_once((LARGE, "b"), (LARGE, "c"), (b"pod1", "a"))
        return reviews.done

    assert asyncio.run(order()) == [b"slow", b"pod1", b"slow"]


def test_review_whose_turn_does_not_come_times_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_MAX_WAIT_SECONDS", EXPENSIVE_SECONDS)

    async def never(_body: bytes) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    async def wait() -> None:
        reviews = Turns(never)
        first = asyncio.create_task(reviews.review(LARGE, "a"))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await reviews.review(LARGE, "b")
        first.cancel()

    asyncio.run(wait())
