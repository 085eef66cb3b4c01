"""Certificates are reconciled at an interval, and sooner after a failure, which is expected."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from webhook import supervision
from webhook.certificates import loop
from webhook.certificates.loop import RotationLoop
from webhook.errors import RotationError


def test_failure_is_logged_and_retried_without_a_restart(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_FIRST_RETRY_SECONDS", 0.01)
    calls: list[datetime] = []
    third = threading.Event()

    class FailingRotator:
        def reconcile(self, now: datetime) -> None:
            calls.append(now)
            if len(calls) < 3:
                raise RotationError("the API server does not answer")
            third.set()

    rotator: Any = FailingRotator()
    before = supervision.restarts().get("certificates", 0)
    worker = RotationLoop(rotator, timedelta(hours=1))
    worker.start()
    try:
        assert third.wait(20), "waits an hour only after a success"
    finally:
        worker.stop()
        worker.join(10)
    assert supervision.restarts()["certificates"] == before
    logged = [each for each in caplog.records if each.name == "podtailor.certs"]
    assert [each.getMessage() for each in logged] == ["certificate reconciliation failed"] * 2
