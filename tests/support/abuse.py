"""Callers that no server deserves, on loopback, for a while: `python -m tests.support.abuse PORT SECONDS SCALE`.

At scale 1: 1,000 TLS connections that say nothing, 200 that do not even begin TLS, 300 that ask once, 100 that send headers a byte a second, 100 that send bodies
so, and, over and over, four endless bodies, four of 9 MiB, and fifty that speak no TLS.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress

_HEAD = b"POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
_MIB = 1024 * 1024


def _anybody() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


class Abuse:
    def __init__(self, port: int) -> None:
        self._port = port
        self._trust = _anybody()
        self.kinds = {
            self.idle: 1000,
            self.silent: 200,
            self.used: 300,
            self.slow_head: 100,
            self.slow_body: 100,
            self.endless: 4,
            self.large: 4,
            self.garbage: 50,
        }

    async def idle(self) -> None:
        reader, _ = await self._connect()
        await reader.read()

    async def silent(self) -> None:
        reader, _ = await asyncio.open_connection("localhost", self._port)
        await reader.read()

    async def used(self) -> None:
        reader, writer = await self._connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await reader.read()
        writer.close()

    async def slow_head(self) -> None:
        _, writer = await self._connect()
        await _drip(writer, b"POST /mutate HTTP/1.1\r\nX: " + b"x" * 1000)

    async def slow_body(self) -> None:
        _, writer = await self._connect()
        await _drip(writer, b"{" * 1000, first=_HEAD + b"Content-Length: 1000\r\n\r\n")

    async def endless(self) -> None:
        _, writer = await self._connect()
        writer.write(_HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"10000\r\n" + bytes(65536) + b"\r\n")
            await writer.drain()

    async def large(self) -> None:
        reader, writer = await self._connect()
        writer.write(_HEAD + f"Content-Length: {9 * _MIB}\r\n\r\n".encode() + bytes(_MIB))
        await writer.drain()
        await reader.read()

    async def garbage(self) -> None:
        reader, writer = await asyncio.open_connection("localhost", self._port)
        writer.write(os.urandom(500))
        await reader.read()
        writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("localhost", self._port, ssl=self._trust)


async def main(port: int, seconds: float, scale: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), asyncio.TaskGroup() as tasks:
            for kind, count in Abuse(port).kinds.items():
                for _ in range(max(1, round(count * scale))):
                    tasks.create_task(_again_and_again(kind))


async def _again_and_again(kind: Callable[[], Awaitable[None]]) -> None:
    while True:
        with suppress(OSError, EOFError):
            await kind()
        await asyncio.sleep(0.2)


async def _drip(writer: asyncio.StreamWriter, data: bytes, first: bytes = b"") -> None:
    writer.write(first)
    for byte in data:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(1)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])))
