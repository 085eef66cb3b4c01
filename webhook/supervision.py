"""Background work that fails is logged, counted and started again."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping

log = logging.getLogger("podtailor.supervision")

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 30.0
# After this long without a failure the pauses start small again.
_STABLE_SECONDS = 60.0

_restarts: Counter[str] = Counter()


def restarts() -> Mapping[str, int]:
    """By name of the work: how often it has failed and was started again."""
    return dict(_restarts)


class _Failures:
    """The failures of one piece of work."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._in_a_row = 0
        self._logged = ""
        self._started = time.monotonic()
        _restarts[name] += 0  # so that the metric exists before anything fails

    def started(self) -> None:
        self._started = time.monotonic()

    def pause_after(self, error: Exception) -> float:
        """Count and log a failure, its trace once in a row. Returns the seconds until it restarts."""
        _restarts[self._name] += 1
        if time.monotonic() - self._started > _STABLE_SECONDS:
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
    """A daemon thread that runs `work` again if it raises, and ends when it returns.

    `work` has to return soon after `stopped` is set.
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
