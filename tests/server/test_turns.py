"""Ordinary reviews beside dear ones: they wait for one of them at most."""

from __future__ import annotations

import asyncio
import time

import pytest

from webhook.server import turns
from webhook.server.turns import Turns

DEAR_SECONDS = 0.02
LARGE = b"dear" + bytes(100_000)


class Asked:
    """Reviews, and the order in which they were decided."""

    def __init__(self) -> None:
        self.done: list[bytes] = []
        self.turns = Turns(self._review)

    async def _review(self, body: bytes) -> bytes:
        if body.startswith(b"dear"):
            time.sleep(DEAR_SECONDS)  # noqa: ASYNC251 (what a dear review does to the event loop)
        self.done.append(body[:4])
        return body

    async def at_once(self, *reviews: tuple[bytes, str]) -> None:
        async with asyncio.TaskGroup() as tasks:
            for body, caller in reviews:
                tasks.create_task(self.turns.review(body, caller))


def test_ordinary_reviews_go_between_dear_ones() -> None:
    async def order() -> list[bytes]:
        asked = Asked()
        await asked.at_once((LARGE, "a"), (LARGE, "b"), (LARGE, "c"), (b"pod1", "d"), (b"pod2", "e"))
        return asked.done

    assert asyncio.run(order()) == [b"dear", b"pod1", b"pod2", b"dear", b"dear"]


def test_caller_whose_last_review_was_dear_waits_its_turn_however_small_the_next_is() -> None:
    async def order() -> list[bytes]:
        asked = Asked()
        await asked.at_once((b"dear", "a"), (b"dear", "b"))
        asked.done.clear()
        await asked.at_once((b"dear", "a"), (b"dear", "b"), (b"pod1", "c"))
        return asked.done

    assert asyncio.run(order()) == [b"dear", b"pod1", b"dear"]


def test_caller_is_forgotten_with_a_review_that_is_not_dear() -> None:
    async def order() -> list[bytes]:
        asked = Asked()
        await asked.turns.review(b"dear", "a")
        await asked.turns.review(b"pod1", "a")
        asked.done.clear()
        await asked.at_once((LARGE, "b"), (b"pod2", "a"))
        return asked.done

    assert asyncio.run(order()) == [b"dear", b"pod2"]


def test_review_that_only_waited_was_not_dear() -> None:
    """For a namespace of which nothing is known yet: its connection is one of the API server's."""

    async def order() -> list[bytes]:
        asked, waited = Asked(), [DEAR_SECONDS * 10]
        asked.turns = Turns(asked._review, lambda: waited[-1])  # noqa: SLF001 (its own)
        await asked.turns.review(b"dear", "a")
        waited.append(0.0)
        asked.done.clear()
        await asked.at_once((LARGE, "b"), (LARGE, "c"), (b"pod1", "a"))
        return asked.done

    assert asyncio.run(order()) == [b"dear", b"pod1", b"dear"]


def test_one_whose_turn_does_not_come_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "_MAX_WAIT_SECONDS", DEAR_SECONDS)

    async def never(_body: bytes) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    async def wait() -> None:
        asked = Turns(never)
        first = asyncio.create_task(asked.review(LARGE, "a"))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await asked.review(LARGE, "b")
        first.cancel()

    asyncio.run(wait())
