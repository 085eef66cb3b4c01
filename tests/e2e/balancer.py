"""What a Service does for the API server: new connections go to who is ready, old ones stay where they are.

The kubelet asks each replica twice a second whether it is ready, and believes two failures in a row.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.support.processes import eventually
from tests.support.server import Replica

_PERIOD, _FAILURES = 0.5, 2


class _Endpoint:
    def __init__(self, replica: Replica) -> None:
        self.replica = replica
        self.failures = _FAILURES

    @property
    def is_ready(self) -> bool:
        return self.failures < _FAILURES

    async def probe(self) -> None:
        while True:
            self.failures = 0 if await self._answers() else self.failures + 1
            await asyncio.sleep(_PERIOD)

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.replica.health_port)
            writer.write(b"GET /readyz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            line = await asyncio.wait_for(reader.readline(), 1)
            writer.close()
        except (OSError, TimeoutError):
            return False
        return b" 200 " in line


class Balancer:
    """Listens on a port of its own; `add` and `remove` say which replicas there are."""

    def __init__(self) -> None:
        self._endpoints: dict[Replica, tuple[_Endpoint, asyncio.Task[None]]] = {}
        self._turn = itertools.count()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="balancer", daemon=True)
        self.port = 0
        self.refused = 0
        """Connections that were sent to somebody who was not there any more."""

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._connect, "127.0.0.1", 0), self._loop
        ).result()
        self.port = server.sockets[0].getsockname()[1]
        self._server = server
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def add(self, replica: Replica) -> None:
        """Back once it is in rotation."""
        endpoint = _Endpoint(replica)
        self._do(
            lambda: self._endpoints.update({replica: (endpoint, self._loop.create_task(endpoint.probe()))})
        )
        eventually("it is in rotation", lambda: endpoint.is_ready)

    def remove(self, replica: Replica) -> None:
        """Of a replica that has gone."""

        def forget() -> None:
            self._endpoints.pop(replica)[1].cancel()

        self._do(forget)

    def _do(self, what: Callable[[], object]) -> None:
        async def done() -> None:
            what()

        asyncio.run_coroutine_threadsafe(done(), self._loop).result()

    async def _end(self) -> None:
        self._server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ready = [endpoint.replica for endpoint, _ in self._endpoints.values() if endpoint.is_ready]
        if not ready:
            writer.close()
            return
        replica = ready[next(self._turn) % len(ready)]
        try:
            there, back = await asyncio.open_connection("127.0.0.1", replica.port)
        except OSError:  # as a Service does: nobody tries another
            self.refused += 1
            writer.close()
            return
        await asyncio.gather(_copy(reader, back), _copy(there, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()
