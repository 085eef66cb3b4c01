"""Let a replica's certificates be kept while it serves."""

from __future__ import annotations

import logging
import random
from datetime import UTC, datetime, timedelta

from webhook.certificates.rotator import CertRotator
from webhook.errors import RotationError
from webhook.supervision import Worker

log = logging.getLogger("podtailor.certs")

_FIRST_RETRY_SECONDS = 1.0


class RotationLoop(Worker):
    """Round after round, sooner again after one that failed. Ends with the process: a call may hang."""

    def __init__(self, rotator: CertRotator, sync_interval: timedelta) -> None:
        """`sync_interval`: between two reads of Secret and webhook configuration."""
        super().__init__("certificates", self._rounds)
        self._rotator = rotator
        self._seconds = sync_interval.total_seconds()

    def _rounds(self) -> None:
        failures = 0
        while not self.stopped.is_set():
            try:
                self._rotator.reconcile(datetime.now(UTC))
                failures = 0
            except RotationError as error:
                failures += 1
                log.warning("certificates not looked after", extra={"reason": str(error)})
            retry = _FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 10)
            pause = min(self._seconds, retry) if failures else self._seconds
            # Replicas that started together need not all come at once.
            self.stopped.wait(pause * random.uniform(0.7, 1.0))  # noqa: S311 (no secret)
