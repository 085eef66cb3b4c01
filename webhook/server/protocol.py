"""uvicorn's HTTP protocol, for callers that are not the API server: slow, endless or silent ones."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Request line and headers: the API server's take a few hundred bytes.
MOST_HEAD_BYTES = 64 * 1024
# From the first byte of a request to the last of its headers.
HEAD_SECONDS = 10.0
# Each API server has at most as many as Pods it is creating at this moment: by default 200 requests that
# change something (`--max-mutating-requests-inflight`), and there are rarely more than five of them.
MOST_CONNECTIONS = 2000
# From the first byte of a connection to the end of its handshake.
HANDSHAKE_SECONDS = 10.0
# From our goodbye on a connection to its end: a caller that is not reading need not be waited for.
GOODBYE_SECONDS = 1.0


class Connection(HttpToolsProtocol):
    """One connection."""

    _head_bytes = 0
    _head_timer: asyncio.TimerHandle | None = None
    idle_since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """A connection without a request is as good as one between two: Go's clients keep some in reserve."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )
        self.idle_since = self.loop.time()
        if len(self.connections) > MOST_CONNECTIONS:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._unset_keepalive_if_required()
        self._head_complete()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes and self.is_idle():
            if self._head_bytes > MOST_HEAD_BYTES:
                self.transport.abort()
            elif self._head_timer is None:
                self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def on_headers_complete(self) -> None:
        self._head_complete()
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        self.idle_since = self.loop.time()
        super().on_response_complete()

    def on_message_complete(self) -> None:
        self._head_bytes = 0
        super().on_message_complete()

    def shutdown(self) -> None:
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)

    def _make_room(self) -> None:
        """Whoever has been idle for longest goes: an API server's next review finds another connection."""
        idle = [each for each in self.connections if isinstance(each, Connection) and each.is_idle()]
        others = [each for each in idle if each is not self]
        min(others, key=lambda each: each.idle_since, default=self).transport.abort()

    def is_idle(self) -> bool:
        """Nothing of it is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def _head_complete(self) -> None:
        self._head_bytes = 0
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None
