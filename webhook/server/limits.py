"""Which connections stay where there is no room for all of them.

Counted are connections and the bytes that they hold: anybody may open thousands, or fill a few. Addresses
with more than their share give way first, then connections that have never had a review answered. So the API
server keeps what it uses, and gets another beside any number of callers that only hold on to theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Protocol

# Of bodies, and of buffers as large as the largest request that a connection has had. What is dropped takes a
# moment until it is freed: 500 connections that each bring 300 KB at once take 260 MiB (measured).
MAX_HELD_BYTES = 96 * 1024 * 1024
# uvloop and OpenSSL each keep a buffer of what came at once (measured: 750 KiB after a body of 3 MiB).
_MAX_BUFFERED = 384 * 1024
# What TLS takes of a connection that has had no request yet (measured).
_IDLE_BYTES = 34 * 1024
# There are rarely more API servers than five: each keeps as much as all others leave it.
_SHARES = 5


class Held(Protocol):
    """A connection, as far as it matters here."""

    address: str
    held_bytes: int
    since: float
    """When it was opened, its last answer ended, or the request began that is coming."""
    has_reviewed: bool
    """A review of it was answered."""

    @property
    def is_reading(self) -> bool:
        """A request of it has begun and is not whole."""

    @property
    def is_answering(self) -> bool:
        """A request of it is whole and not answered: it stays."""

    def drop(self) -> None: ...


class Limits:
    """Of one server."""

    def __init__(self, max_connections: int, max_bytes: int = MAX_HELD_BYTES) -> None:
        self._max_connections = max_connections
        self._max_bytes = max_bytes
        self._held_bytes = 0
        self._connections: set[Held] = set()

    def add(self, connection: Held) -> None:
        self._connections.add(connection)
        if len(self._connections) > self._max_connections:
            others = [each for each in self._connections if each is not connection and not each.is_answering]
            # Some more than one: the order is not worked out for each that comes.
            count = 1 + self._max_connections // 50
            for each in self._in_order(others)[:count] or [connection]:
                self._drop(each)

    def remove(self, connection: Held) -> None:
        """Also of one that was dropped already."""
        if connection in self._connections:
            self._connections.remove(connection)
            self._held_bytes -= connection.held_bytes

    def hold(self, connection: Held, more: int) -> None:
        """Count what a connection holds more than before; or less."""
        connection.held_bytes += more
        if connection in self._connections:
            self._held_bytes += more
            if self._held_bytes > self._max_bytes and more > 0:
                self._make_room()

    def is_too_much_to_keep(self, connection: Held) -> bool:
        """Whether it holds more than an even part, while half of what there is is held."""
        half = self._max_bytes // 2
        return self._held_bytes > half and connection.held_bytes > half // self._max_connections

    def _make_room(self) -> None:
        """Those go that hold more than an even part, but for those between two reviews."""
        even = self._max_bytes // len(self._connections)
        large = [
            each
            for each in self._connections
            if each.held_bytes >= even
            and not each.is_answering
            and (each.is_reading or not each.has_reviewed)
        ]
        for each in self._in_order(large):
            if self._held_bytes <= self._max_bytes * 9 // 10:
                break
            self._drop(each)

    def _drop(self, connection: Held) -> None:
        self.remove(connection)
        connection.drop()

    def _in_order(self, connections: Iterable[Held]) -> list[Held]:
        """First: with more than a share, never reviewed, of the largest share, unfinished, oldest."""
        taken: Counter[str] = Counter()
        for each in self._connections:
            taken[each.address] += each.held_bytes + _IDLE_BYTES
        share = taken.total() / _SHARES
        beyond = {address: most for address, most in taken.items() if most > share}
        return sorted(
            connections,
            key=lambda each: (
                each.address not in beyond,
                each.has_reviewed,
                -beyond.get(each.address, 0),
                not each.is_reading,
                each.since,
            ),
        )


def kept_bytes(largest_request: int) -> int:
    """What buffers of a connection hold once it has had a request of so many bytes."""
    return 2 * min(largest_request, _MAX_BUFFERED)
