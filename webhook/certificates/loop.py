"""Reconcile the certificates of a replica while it serves."""

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
    """Reconciles at an interval, and sooner after a failure.

    A daemon thread: a call that hangs must not delay exit.
    """

    def __init__(self, rotator: CertRotator, interval: timedelta) -> None:
        super().__init__("certificates", self._loop)
        self._rotator = rotator
        self._seconds = interval.total_seconds()

    def _loop(self) -> None:
        failures = 0
        while not self.stopped.is_set():
            try:
                self._rotator.reconcile(datetime.now(UTC))
                failures = 0
            except RotationError as error:
                failures += 1
                log.warning("certificate reconciliation failed", extra={"reason": str(error)})
            retry = _FIRST_RETRY_SECONDS * 2 ** min(failures - 1, 10)
            pause = min(self._seconds, retry) if failures else self._seconds
            # Jitter, so that replicas that started together do not all call at once.
            self.stopped.wait(pause * random.uniform(0.7, 1.0))  # noqa: S311 (no secret)
