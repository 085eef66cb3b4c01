"""Which connections are dropped when there are too many, or when they hold too many bytes.

Anyone may open thousands of connections, or fill a few. Addresses with more than their share are dropped
first, then connections that never had a review answered. So the API server keeps the connections that it
uses, and can open another, however many connections other callers hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

# Bodies, and buffers as large as the largest request of a connection. The memory of a dropped connection is
# freed a moment later: 500 connections that each send 300 KB at once take 260 MiB (measured).
MAX_HELD_BYTES = 96 * 1024 * 1024
# uvloop and OpenSSL each keep a buffer of one read (measured: 750 KiB after a body of 3 MiB).
_MAX_BUFFERED = 384 * 1024
# What TLS takes for a connection without a request (measured).
_IDLE_BYTES = 34 * 1024
# There are rarely more than five API servers, and each may use a fifth.
_SHARES = 5


class CountedConnection(Protocol):
    """What the limits need to know about a connection."""

    address: str
    held_bytes: int
    since: float
    """When it was opened, its last answer ended, or its current request began."""
    has_reviewed: bool
    """A review on it was answered."""

    @property
    def is_reading(self) -> bool:
        """A request has begun and is not complete."""

    @property
    def is_answering(self) -> bool:
        """A request is complete and not answered: it is not dropped."""

    def drop(self) -> None: ...


class Limits:
    """The limits of one server."""

    def __init__(self, max_connections: int, max_bytes: int = MAX_HELD_BYTES) -> None:
        self._max_connections = max_connections
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._connections: set[CountedConnection] = set()

    def add(self, connection: CountedConnection) -> None:
        self._connections.add(connection)
        if len(self._connections) > self._max_connections:
            others = [each for each in self._connections if each is not connection and not each.is_answering]
            # Several at once, so that they are not sorted for every new connection.
            count = 1 + self._max_connections // 50
            for each in self._drop_order(others)[:count] or [connection]:
                self._drop(each)

    def remove(self, connection: CountedConnection) -> None:
        """Does nothing if it was dropped already."""
        if connection in self._connections:
            self._connections.remove(connection)
            self._held_bytes -= connection.held_bytes

    def hold(self, connection: CountedConnection, more: int) -> None:
        """Count `more` bytes that a connection holds, or fewer if negative."""
        connection.held_bytes += more
        if connection in self._connections:
            self._held_bytes += more
            if self._held_bytes > self._max_bytes and more > 0:
                self._make_room()

    def is_too_much_to_keep(self, connection: CountedConnection) -> bool:
        """Whether it holds more than an equal part of half the bytes, while more than half are held."""
        half = self._max_bytes // 2
        return self._held_bytes > half and connection.held_bytes > half // self._max_connections

    def _make_room(self) -> None:
        """Drop connections that hold more than an equal part, but not those between two reviews."""
        equal = self._max_bytes // len(self._connections)
        large = [
            each
            for each in self._connections
            if each.held_bytes >= equal
            and not each.is_answering
            and (each.is_reading or not each.has_reviewed)
        ]
        for each in self._drop_order(large):
            if self._held_bytes <= self._max_bytes * 9 // 10:
                break
            self._drop(each)

    def _drop(self, connection: CountedConnection) -> None:
        self.remove(connection)
        connection.drop()

    def _drop_order(self, connections: Iterable[CountedConnection]) -> list[CountedConnection]:
        """By: address above its share, never reviewed, its address's bytes, incomplete request, age."""
        held: Counter[str] = Counter()
        for each in self._connections:
            held[each.address] += each.held_bytes + _IDLE_BYTES
        share = held.total() / _SHARES
        above = {address: size for address, size in held.items() if size > share}
        return sorted(
            connections,
            key=lambda each: (
                each.address not in above,
                each.has_reviewed,
                -above.get(each.address, 0),
                not each.is_reading,
                each.since,
            ),
        )


def buffered_bytes(largest_request: int) -> int:
    """What a connection's buffers hold after a request of this many bytes."""
    return 2 * min(largest_request, _MAX_BUFFERED)
