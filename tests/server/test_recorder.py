"""Records are complete, and never keep a review from being answered."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys

import pytest

from tests.support.pods import Json, pod, policy, snapshot
from tests.support.server import review_of
from webhook.engine.snapshot import Snapshot
from webhook.policies.shipped import Profile, shipped
from webhook.server.metrics import Metrics
from webhook.server.reviewer import Reviewer

MANY = 100
BODY = json.dumps(review_of(pod())).encode()


class _Closed(io.StringIO):
    """Standard error whose reader has closed it."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(text)


def _count_reviews() -> float | None:
    metrics = Metrics()
    reviewer = Reviewer(Snapshot(), metrics)

    async def ask() -> None:
        for _ in range(MANY):
            assert b'"allowed":true' in await reviewer.review(BODY)

    asyncio.run(ask())
    reviewer.recorder.flush()
    labels = {"result": "unchanged", "dry_run": "false"}
    return metrics.registry.get_sample_value("podtailor_admission_requests_total", labels)


@pytest.fixture(autouse=True)
def _log_reviews(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "podtailor.review")  # reset afterwards


def test_every_review_is_counted_and_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", written := io.StringIO())
    assert _count_reviews() == MANY
    lines = [json.loads(line) for line in written.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["review"] * MANY


def test_closed_log_fails_no_review(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", _Closed())
    assert _count_reviews() == MANY


BOUND = "resources: {limits: [{type: Container, min: {cpu: '1'}}]}"


@pytest.mark.parametrize(
    ("request_", "counted"),
    [
        pytest.param({}, {"enforced": 3, "default/own": 3, "audited": 3}, id="real Pods"),
        pytest.param({"dryRun": True}, {}, id="no dry runs"),
    ],
)
def test_matched_policies_are_counted(request_: Json, counted: dict[str, int]) -> None:
    """Those that ship have no status."""
    policies = (
        policy(BOUND, name="enforced"),
        policy(BOUND, name="own", kind="WorkloadPolicy", namespace="default"),
        policy("mode: Audit", name="audited"),
        policy("match: {workloadTypes: [GPU]}", name="other"),
        *shipped(Profile.SAFE, ()),
    )
    matched: dict[str, int] = {}
    reviewer = Reviewer(snapshot(*policies), Metrics(), matched=matched)

    async def ask() -> None:
        for _ in range(3):
            await reviewer.review(json.dumps(review_of(pod(), **request_)).encode())

    asyncio.run(ask())
    assert matched == counted
