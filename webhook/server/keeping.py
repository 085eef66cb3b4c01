"""Let a replica's certificates be kept while it serves."""

from __future__ import annotations

import logging
import random
import threading
from datetime import UTC, datetime

from certs.keeper import Keeper
from certs.secret import NotKeptError

log = logging.getLogger("podtailor.certs")

# Between two looks at Secret and webhook configuration: whoever takes the caBundle away is healed within it.
_SECONDS = 30.0
_FIRST_RETRY_SECONDS = 1.0


class Keeping(threading.Thread):
    """Round after round, sooner again after one that failed. Ends with the process: a call may hang."""

    def __init__(self, keeper: Keeper) -> None:
        super().__init__(name="certificates", daemon=True)
        self._keeper = keeper
        self._stopped = threading.Event()

    def stop(self) -> None:
        self._stopped.set()

    def run(self) -> None:
        failures = 0
        while not self._stopped.is_set():
            try:
                self._keeper.round(datetime.now(UTC))
                failures = 0
            except NotKeptError as error:
                failures += 1
                log.warning("certificates not looked after", extra={"reason": str(error)})
            except Exception:
                # A fault of ours here may cost a renewal, never the reviews that are being answered.
                failures += 1
                log.exception("certificates not looked after")
            pause = min(_SECONDS, _FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 10)) if failures else _SECONDS
            # Replicas that started together need not all come at once.
            self._stopped.wait(pause * random.uniform(0.7, 1.0))  # noqa: S311 (no secret)
