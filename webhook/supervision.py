"""No background work ends in silence: a failure is logged and counted, and the work starts again."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping

log = logging.getLogger("podtailor.supervision")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
# Work that has gone on for longer is well again: its next failure is a new one.
_WELL_SECONDS = 60.0

_restarts: Counter[str] = Counter()


def restarts() -> Mapping[str, int]:
    """How often the work of each name has failed in this process and was started again."""
    return dict(_restarts)


class _Failures:
    """Of one work, one after the other."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._in_a_row = 0
        self._logged = ""
        self._started = time.monotonic()
        _restarts[name] += 0  # the metric is there before anything fails

    def started(self) -> None:
        self._started = time.monotonic()

    def pause_after(self, error: Exception) -> float:
        """Seconds until the work starts again. The trace of one and the same failure is logged once."""
        _restarts[self._name] += 1
        if time.monotonic() - self._started > _WELL_SECONDS:
            self._in_a_row, self._logged = 0, ""
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0**self._in_a_row)
        self._in_a_row = min(self._in_a_row + 1, 10)
        reason = repr(error)[:300]
        is_new, self._logged = reason != self._logged, reason
        log.error(
            "background work failed and starts again",
            exc_info=error if is_new else None,
            extra={"worker": self._name, "reason": reason, "seconds": pause},
        )
        return pause


class Worker(threading.Thread):
    """A thread whose work starts again when it raises, and ends when the work returns.

    `stopped` is set when it is told to end: the work looks at it. A daemon: it ends with the process.
    """

    def __init__(self, name: str, work: Callable[[], None]) -> None:
        super().__init__(name=name, daemon=True)
        self.stopped = threading.Event()
        self._work = work

    def stop(self) -> None:
        self.stopped.set()

    def run(self) -> None:
        failures = _Failures(self.name)
        while not self.stopped.is_set():
            failures.started()
            try:
                self._work()
            except Exception as error:  # noqa: BLE001 (whatever it is)
                self.stopped.wait(failures.pause_after(error))
            else:
                return


async def supervised(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """The same for a task of the event loop; it ends when it is cancelled."""
    failures = _Failures(name)
    while True:
        failures.started()
        try:
            await work()
        except Exception as error:  # noqa: BLE001 (whatever it is)
            await asyncio.sleep(failures.pause_after(error))
        else:
            return
