"""The ASGI endpoint, for what a client cannot bring about from outside."""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.types import Message

from tests.support.pods import pod
from tests.support.server import review_of
from webhook.engine.snapshot import Snapshot
from webhook.server.app import MAX_AT_ONCE, MAX_BYTES, MAX_HELD_BYTES, ORDINARY_BYTES, Mutate
from webhook.server.metrics import Metrics
from webhook.server.reviewer import Reviewer

SCOPE = {"headers": [(b"content-type", b"application/json")]}
BODY = {"type": "http.request", "body": json.dumps(review_of(pod())).encode(), "more_body": False}


async def _never() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


async def _whole() -> dict[str, Any]:
    return BODY


async def _answered(
    mutate: Mutate, receive: Callable[[], Awaitable[dict[str, Any]]]
) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await mutate(dict(SCOPE), receive, send)
    start, body = sent
    return start["status"], dict(start["headers"]), body["body"]


def _mutate(**options: Any) -> tuple[Mutate, Metrics]:
    metrics = Metrics()
    return Mutate(Reviewer(Snapshot(), metrics), lambda: False, **options), metrics


def _count(metrics: Metrics, result: str) -> float | None:
    return metrics.registry.get_sample_value(
        "podtailor_admission_requests_total", {"result": result, "dry_run": "false"}
    )


def test_body_that_does_not_come_is_400() -> None:
    mutate, metrics = _mutate(body_seconds=0.01)
    status, _, body = asyncio.run(_answered(mutate, _never))
    assert (status, body) == (400, b"the body did not arrive within 0.01 s\n")
    assert _count(metrics, "bad-request") == 1


def test_caller_that_goes_away_gets_no_answer() -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def nothing(_message: Message) -> None:
        raise AssertionError("nobody is there")

    mutate, _ = _mutate()
    asyncio.run(mutate(dict(SCOPE), gone, nothing))


def _first(part: bytes) -> Callable[[], Awaitable[dict[str, Any]]]:
    """A caller that sends one part of a body and then nothing."""
    parts = [part]

    async def receive() -> dict[str, Any]:
        if not parts:
            return await _never()
        return {"type": "http.request", "body": parts.pop(), "more_body": True}

    return receive


def test_bodies_that_are_too_much_together_are_503_without_retry_after() -> None:
    mutate, metrics = _mutate()
    large = b"x" * MAX_BYTES

    async def overloaded() -> tuple[int, dict[bytes, bytes], bytes]:
        callers = range(MAX_HELD_BYTES // MAX_BYTES)
        waiting = [asyncio.create_task(_answered(mutate, _first(large))) for _ in callers]
        await asyncio.sleep(0)  # each of them starts to wait for the rest of its body
        answer = await _answered(mutate, _first(bytes(ORDINARY_BYTES + 1)))
        assert (await _answered(mutate, _whole))[0] == 200, "an ordinary one is not kept out"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert mutate.held_bytes == 0, "room again"
        return answer

    status, headers, _ = asyncio.run(overloaded())
    assert status == 503
    assert b"retry-after" not in headers
    assert headers[b"connection"] == b"close"
    assert _count(metrics, "overloaded") == 1


def test_callers_that_send_nothing_keep_nobody_out() -> None:
    mutate, _ = _mutate()

    async def beside_idle_ones() -> int:
        waiting = [asyncio.create_task(_answered(mutate, _never)) for _ in range(1000)]
        await asyncio.sleep(0)
        status, _, _ = await _answered(mutate, _whole)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return status

    assert asyncio.run(beside_idle_ones()) == 200


def test_reviews_that_wait_are_not_more_than_anybody_would_wait_for() -> None:
    mutate, metrics = _mutate()
    leave = asyncio.Event()

    class Waiting(Reviewer):
        async def review(self, body: bytes) -> bytes:
            await leave.wait()
            return body

    mutate = Mutate(Waiting(Snapshot(), metrics), lambda: False)

    async def overloaded() -> tuple[int, list[int]]:
        waiting = [asyncio.create_task(_answered(mutate, _whole)) for _ in range(MAX_AT_ONCE)]
        await asyncio.sleep(0)
        status, _, _ = await _answered(mutate, _whole)
        leave.set()
        return status, [status for status, _, _ in await asyncio.gather(*waiting)]

    assert asyncio.run(overloaded()) == (503, [200] * MAX_AT_ONCE)
    assert _count(metrics, "overloaded") == 1


def test_body_that_is_refused_is_forgotten() -> None:
    """Nothing keeps it: no exception that is raised again and again with every frame it ever passed."""
    mutate, _ = _mutate()

    chunk = bytes(MAX_BYTES + 1)
    held = sys.getrefcount(chunk)
    asyncio.run(_answered(mutate, _first(chunk)))
    gc.collect()
    assert sys.getrefcount(chunk) == held


def test_our_own_fault_is_500_without_its_details() -> None:
    metrics = Metrics()
    reviewer = Reviewer(Snapshot(), metrics)
    reviewer.snapshot = None  # type: ignore[assignment]  # a fault of ours
    status, headers, body = asyncio.run(_answered(Mutate(reviewer, lambda: False), _whole))
    assert (status, body) == (500, b"internal error\n")
    assert b"retry-after" not in headers
    assert _count(metrics, "error") == 1


def test_draining_server_asks_for_new_connections() -> None:
    mutate = Mutate(Reviewer(Snapshot(), Metrics()), lambda: True)
    status, headers, _ = asyncio.run(_answered(mutate, _whole))
    assert (status, headers[b"connection"]) == (200, b"close")
