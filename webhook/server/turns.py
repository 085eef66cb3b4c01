"""Dear reviews one after the other, so that an ordinary one need not wait for many of them.

A review is decided in the event loop, whatever it takes; in a thread it would hold up all others as well. So
of dear ones there is one at a time, and after it as much time for everything else as it took.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

# The large review of bench/reviews, of 30 KiB, takes about one.
_DEAR_SECONDS = 0.002
# Twice that review: what is larger waits its turn, whatever it will take.
_LARGE_BYTES = 64 * 1024
# The shipped configuration gives a call 2 s.
_MAX_WAIT_SECONDS = 2.0
# Callers that are remembered; one is forgotten with its first review that was not dear.
_MAX_CALLERS = 1000


class Turns:
    """In the event loop's thread."""

    def __init__(
        self, review: Callable[[bytes], Awaitable[bytes]], waited: Callable[[], float] = lambda: 0.0
    ) -> None:
        """`waited`: seconds that the review which has just ended only waited: that cost no CPU."""
        self._review = review
        self._waited = waited
        self._turn = asyncio.Lock()
        self._dear: set[object] = set()

    async def review(self, body: bytes, caller: object) -> bytes:
        """`caller`: a connection, which waits if its last review was dear. TimeoutError if in vain."""
        waits = len(body) > _LARGE_BYTES or caller in self._dear
        if waits:
            async with asyncio.timeout(_MAX_WAIT_SECONDS):
                await self._turn.acquire()
        started = time.perf_counter()
        try:
            return await self._review(body)
        finally:
            took = time.perf_counter() - started - self._waited()
            if waits or took > _DEAR_SECONDS:
                self._done(caller, took, waited=waits)

    def _done(self, caller: object, took: float, *, waited: bool) -> None:
        if took <= _DEAR_SECONDS:
            self._dear.discard(caller)
        elif len(self._dear) < _MAX_CALLERS:
            self._dear.add(caller)
        else:
            self._dear = {caller}
        if waited and took > _DEAR_SECONDS:
            asyncio.get_running_loop().call_later(took, self._turn.release)
        elif waited:
            self._turn.release()
