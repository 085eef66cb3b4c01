"""The ASGI endpoint in situations that a client cannot create from outside."""

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
from webhook.server.app import MAX_BYTES, MAX_HELD_BYTES, MAX_IN_FLIGHT, SMALL_BODY_BYTES, Mutate
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


def test_body_that_does_not_arrive_is_400() -> None:
    mutate, metrics = _mutate(body_seconds=0.01)
    status, _, body = asyncio.run(_answered(mutate, _never))
    assert (status, body) == (400, b"the body did not arrive within 0.01 s\n")
    assert _count(metrics, "bad-request") == 1


def test_closed_connection_gets_no_answer() -> None:
    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def nothing(_message: Message) -> None:
        raise AssertionError("sent to a closed connection")

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


def test_too_many_large_bodies_are_503_without_retry_after() -> None:
    mutate, metrics = _mutate()
    large = b"x" * MAX_BYTES

    async def overloaded() -> tuple[int, dict[bytes, bytes], bytes]:
        callers = range(MAX_HELD_BYTES // MAX_BYTES)
        waiting = [asyncio.create_task(_answered(mutate, _first(large))) for _ in callers]
        await asyncio.sleep(0)  # each of them starts to wait for the rest of its body
        answer = await _answered(mutate, _first(bytes(SMALL_BODY_BYTES + 1)))
        assert (await _answered(mutate, _whole))[0] == 200, "a small body is accepted"
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert mutate.held_bytes == 0, "all bytes are released"
        return answer

    status, headers, _ = asyncio.run(overloaded())
    assert status == 503
    assert b"retry-after" not in headers
    assert headers[b"connection"] == b"close"
    assert _count(metrics, "overloaded") == 1


def test_silent_callers_keep_no_one_else_out() -> None:
    mutate, _ = _mutate()

    async def beside_silent_callers() -> int:
        waiting = [asyncio.create_task(_answered(mutate, _never)) for _ in range(1000)]
        await asyncio.sleep(0)
        status, _, _ = await _answered(mutate, _whole)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return status

    assert asyncio.run(beside_silent_callers()) == 200


def test_reviews_in_flight_are_limited() -> None:
    mutate, metrics = _mutate()
    leave = asyncio.Event()

    class Waiting(Reviewer):
        async def review(self, body: bytes) -> bytes:
            await leave.wait()
            return body

    mutate = Mutate(Waiting(Snapshot(), metrics), lambda: False)

    async def overloaded() -> tuple[int, list[int]]:
        waiting = [asyncio.create_task(_answered(mutate, _whole)) for _ in range(MAX_IN_FLIGHT)]
        await asyncio.sleep(0)
        status, _, _ = await _answered(mutate, _whole)
        leave.set()
        return status, [status for status, _, _ in await asyncio.gather(*waiting)]

    assert asyncio.run(overloaded()) == (503, [200] * MAX_IN_FLIGHT)
    assert _count(metrics, "overloaded") == 1


def test_refused_body_is_released() -> None:
    """No exception keeps it through the frames of its traceback."""
    mutate, _ = _mutate()

    chunk = bytes(MAX_BYTES + 1)
    held = sys.getrefcount(chunk)
    asyncio.run(_answered(mutate, _first(chunk)))
    gc.collect()
    assert sys.getrefcount(chunk) == held


def test_bug_is_500_without_details() -> None:
    metrics = Metrics()
    reviewer = Reviewer(Snapshot(), metrics)
    reviewer.snapshot = None  # type: ignore[assignment]  # a bug
    status, headers, body = asyncio.run(_answered(Mutate(reviewer, lambda: False), _whole))
    assert (status, body) == (500, b"internal error\n")
    assert b"retry-after" not in headers
    assert _count(metrics, "error") == 1


def test_draining_server_asks_for_new_connections() -> None:
    mutate = Mutate(Reviewer(Snapshot(), Metrics()), lambda: True)
    status, headers, _ = asyncio.run(_answered(mutate, _whole))
    assert (status, headers[b"connection"]) == (200, b"close")
