"""uvicorn's HTTP protocol with limits, for callers that are slow, endless or silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from webhook.server.limits import Limits, buffered_bytes

# Request line and headers. The API server sends a few hundred bytes, with a long token a few thousand.
MAX_HEAD_BYTES = 16 * 1024
# The API server sends eight. Each takes a few hundred bytes of memory, however short it is.
MAX_HEADERS = 100
# From the first byte of a request to the last of its headers.
HEAD_SECONDS = 10.0
# Each API server has at most one for each Pod that it is creating: by default 200 mutating requests
# (`--max-mutating-requests-inflight`). There are rarely more than five API servers.
MAX_CONNECTIONS = 1000
# From the first byte of a connection to the end of its handshake.
HANDSHAKE_SECONDS = 10.0
# A connection ends after its caller has not read an answer for this long.
UNREAD_SECONDS = 10.0
# From closing a connection to aborting it, if the caller does not close it too.
CLOSE_SECONDS = 1.0
# Bytes of one read: a large review (bench/reviews) and its head.
_READ_BYTES = 32 * 1024
# In the scope of a request whose body is complete.
BODY_COMPLETE = "podtailor.body-complete"
# In the scope of a request that was a review and is answered.
REVIEWED = "podtailor.reviewed"


class _AbortedError(Exception):
    """Stops the parser after a connection was aborted."""


class Connection(HttpToolsProtocol):
    held_bytes = 0
    has_reviewed = False
    since = 0.0
    address = ""
    _request_bytes = 0
    """Received of the current request."""
    _largest_request = 0
    _head_timer: asyncio.TimerHandle | None = None
    _unread_timer: asyncio.TimerHandle | None = None

    def __init__(self, limits: Limits, **options: Any) -> None:
        super().__init__(**options)
        self._limits = limits

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """A new connection may be idle as long as a used one: Go's clients keep some in reserve."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )
        self.since = self.loop.time()
        self.address = self.client[0] if self.client else ""
        self._limits.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._limits.remove(self)
        self._unset_keepalive_if_required()
        self._cancel_head_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._request_bytes:
            self.since = self.loop.time()
        self._hold(len(data))
        if self.transport.is_closing():
            return
        if not self.is_idle():
            super().data_received(data)
            return
        super().data_received(data[:MAX_HEAD_BYTES])
        if self.is_idle():
            self._limit_head()
        elif len(data) > MAX_HEAD_BYTES and not self.transport.is_closing():
            super().data_received(data[MAX_HEAD_BYTES:])

    def on_message_begin(self) -> None:
        if not self.is_idle():  # pipelining: the API server does not send a request before the last answer
            self._abort()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._cancel_head_timer()
        if len(self.headers) > MAX_HEADERS:
            self._abort()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self.scope[BODY_COMPLETE] = True  # type: ignore[literal-required]  # a key of ours
        if self._limits.is_too_much_to_keep(self):
            self.cycle.keep_alive = False  # its buffers are freed with it

    def on_response_complete(self) -> None:
        self.since = self.loop.time()
        self.has_reviewed = self.has_reviewed or REVIEWED in self.scope
        self._limits.hold(self, -self._request_bytes)
        self._request_bytes = 0
        super().on_response_complete()
        if self.transport.is_closing():
            self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._unread_timer is None:
            self._unread_timer = self.loop.call_later(UNREAD_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._unread_timer:
            self._unread_timer.cancel()
            self._unread_timer = None

    def shutdown(self) -> None:
        super().shutdown()
        if self.transport.is_closing():
            self.loop.call_later(CLOSE_SECONDS, self.transport.abort)

    def drop(self) -> None:
        self.transport.abort()

    def is_idle(self) -> bool:
        """Whether no request is between its head and its answer."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def is_reading(self) -> bool:
        return bool(self._request_bytes) if self.is_idle() else self.cycle.more_body

    @property
    def is_answering(self) -> bool:
        return not self.is_idle() and not self.cycle.more_body

    def _hold(self, size: int) -> None:
        """Count received bytes of a request, and the buffers that grow with it."""
        self._request_bytes += size
        if self._request_bytes > self._largest_request:
            size += buffered_bytes(self._request_bytes) - buffered_bytes(self._largest_request)
            self._largest_request = self._request_bytes
        self._limits.hold(self, size)

    def _limit_head(self) -> None:
        """Abort a head that is too large, or not complete in time."""
        if self._request_bytes > MAX_HEAD_BYTES or len(self.headers or ()) > MAX_HEADERS:
            if self.headers:
                self.headers.clear()
            self.transport.abort()
        elif self._request_bytes and self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def _abort(self) -> None:
        """Called by the parser, which stops."""
        self.headers.clear()
        self.transport.abort()
        raise _AbortedError

    def _cancel_head_timer(self) -> None:
        if self._head_timer:
            self._head_timer.cancel()
            self._head_timer = None


class _Reader:
    """Reads into a buffer that all connections share, and passes the bytes to one connection.

    By default uvloop allocates 256 KiB for each read. glibc maps and unmaps a block of that size each time
    (`_MAPPED_BYTES` in service.py), which took a sixth of the time of a review.
    """

    def __init__(self, connection: Connection, buffer: memoryview) -> None:
        self._connection, self._buffer = connection, buffer

    def get_buffer(self, _size: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, size: int) -> None:
        self._connection.data_received(bytes(self._buffer[:size]))

    def __getattr__(self, name: str) -> Any:
        """The other methods of asyncio.BufferedProtocol."""
        return getattr(self._connection, name)


def connections(limits: Limits) -> Callable[..., _Reader]:
    """A factory for the connections of one server."""
    buffer = memoryview(bytearray(_READ_BYTES))
    return lambda **options: _Reader(Connection(limits, **options), buffer)
