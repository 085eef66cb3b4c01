"""Rounds of looking after certificates: one that fails is expected, and the next comes sooner."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest

from webhook import supervision
from webhook.certificates import loop
from webhook.certificates.loop import RotationLoop
from webhook.errors import RotationError


def test_round_that_fails_is_logged_and_repeated_without_a_restart(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "_FIRST_RETRY_SECONDS", 0.01)
    rounds: list[datetime] = []
    third = threading.Event()

    class CertRotator:
        def reconcile(self, now: datetime) -> None:
            rounds.append(now)
            if len(rounds) < 3:
                raise RotationError("the API server does not answer")
            third.set()

    anybody: Any = CertRotator()
    before = supervision.restarts().get("certificates", 0)
    worker = RotationLoop(anybody, timedelta(hours=1))
    worker.start()
    try:
        assert third.wait(20), "an hour is for rounds that went well"
    finally:
        worker.stop()
        worker.join(10)
    assert supervision.restarts()["certificates"] == before
    logged = [each for each in caplog.records if each.name == "podtailor.certs"]
    assert [each.getMessage() for each in logged] == ["certificates not looked after"] * 2
