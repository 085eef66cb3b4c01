"""Reviews over kept connections, as fast as asked, by one process: latencies, and whatever went wrong."""

from __future__ import annotations

import asyncio
import itertools
import json
import ssl
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import uvloop

from tests.support.pods import pod
from tests.support.server import review_of

# As large as Pods are in a cluster: a few KiB.
BODY = json.dumps(
    review_of(pod(metadata="{name: web, labels: {app: web}, annotations: {note: '" + "x" * 2000 + "'}}"))
).encode()


class Measured:
    """What came of it."""

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.seconds: list[float] = []

    def quantile(self, part: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(part * len(ordered)))]

    def __str__(self) -> str:
        seen = ", ".join(f"{count} {status}" for status, count in sorted(self.statuses.items()))
        return f"{seen}; median {self.quantile(0.5):.1f} ms, 99 % {self.quantile(0.99):.1f} ms"


def load(port: int, ca: Path, count: int, connections: int = 8, rate: float = 0) -> Measured:
    """`rate`: reviews a second; 0 as fast as they are answered."""
    return uvloop.run(_load(port, ca, count, connections, rate))


async def _load(port: int, ca: Path, count: int, connections: int, rate: float) -> Measured:
    measured = Measured()
    numbers = itertools.count()
    started = time.perf_counter()
    trust = ssl.create_default_context(cafile=ca)

    async def caller() -> None:
        reader, writer = await asyncio.open_connection("localhost", port, ssl=trust)
        while (number := next(numbers)) < count:
            if rate:
                await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
            asked = time.perf_counter()
            status, closes = await _review(reader, writer)
            measured.seconds.append(time.perf_counter() - asked)
            measured.statuses[status] += 1
            if closes:
                await _close(writer)
                reader, writer = await asyncio.open_connection("localhost", port, ssl=trust)
        await _close(writer)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(connections):
            tasks.create_task(caller())
    return measured


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


_HEAD = (
    "POST /mutate?timeout=2s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    f"Content-Length: {len(BODY)}\r\n\r\n"
).encode()


async def _review(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, bool]:
    """The status, and whether the server is going to close the connection."""
    writer.write(_HEAD + BODY)
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return head[9:12].decode(), b"connection: close" in head
