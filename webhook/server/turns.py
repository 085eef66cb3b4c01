"""Run expensive reviews one at a time, so that a cheap one waits for at most one of them.

Reviews run in the event loop; a thread would hold up all others as well. After each expensive review, the
event loop has as much time for everything else as that review took.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

# The large review of bench/reviews, of 30 KiB, takes about 1 ms.
_EXPENSIVE_SECONDS = 0.002
# Twice that review: a larger body waits for its turn, whatever it will take.
_LARGE_BYTES = 64 * 1024
# The API server gives up after 2 s (`timeoutSeconds` as shipped).
_MAX_WAIT_SECONDS = 2.0
# Callers whose last review was expensive, at most.
_MAX_CALLERS = 1000


class Turns:
    """Not thread-safe: call it in the event loop."""

    def __init__(
        self, review: Callable[[bytes], Awaitable[bytes]], waited: Callable[[], float] = lambda: 0.0
    ) -> None:
        """`waited`: the seconds that the last review waited, which cost no CPU."""
        self._review = review
        self._waited = waited
        self._turn = asyncio.Lock()
        self._expensive: set[object] = set()

    async def review(self, body: bytes, caller: object) -> bytes:
        """`caller` waits if its last review was expensive. Raises TimeoutError if its turn does not come."""
        waits = len(body) > _LARGE_BYTES or caller in self._expensive
        if waits:
            async with asyncio.timeout(_MAX_WAIT_SECONDS):
                await self._turn.acquire()
        started = time.perf_counter()
        try:
            return await self._review(body)
        finally:
            took = time.perf_counter() - started - self._waited()
            if waits or took > _EXPENSIVE_SECONDS:
                self._end_turn(caller, took, waited=waits)

    def _end_turn(self, caller: object, took: float, *, waited: bool) -> None:
        if took <= _EXPENSIVE_SECONDS:
            self._expensive.discard(caller)
        elif len(self._expensive) < _MAX_CALLERS:
            self._expensive.add(caller)
        else:
            self._expensive = {caller}
        if waited and took > _EXPENSIVE_SECONDS:
            asyncio.get_running_loop().call_later(took, self._turn.release)
        elif waited:
            self._turn.release()
