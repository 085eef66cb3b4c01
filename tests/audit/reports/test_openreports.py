"""Reports: the result of each finding, and their limits of size."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from tests.audit.verdicts import live_pod, verdict_with
from webhook.audit.findings import Finding
from webhook.audit.reports import openreports
from webhook.audit.summary import Summary

AT = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("finding", "result"),
    [
        (Finding.PASS, "pass"), (Finding.WOULD_CHANGE, "warn"), (Finding.VIOLATION, "fail"),
        (Finding.SLIPPED_THROUGH, "fail"), (Finding.CONFLICT, "warn"), (Finding.DRIFTED, "warn"), (Finding.SKIPPED, "skip"),
    ],
)  # fmt: skip
def test_each_finding_is_a_result(finding: Finding, result: str) -> None:
    summary = Summary()
    summary.add(live_pod("p"), verdict_with(finding))
    (report,) = openreports.reports(summary, AT)
    assert report["results"][0]["result"] == result
    assert report["summary"][result] == 1


def test_report_says_how_many_there_was_no_room_for() -> None:
    summary = Summary()
    for number in range(300):
        summary.add(live_pod(f"p-{number}"), verdict_with(Finding.PASS if number else Finding.VIOLATION))
    (report,) = openreports.reports(summary, AT)
    assert len(report["results"]) == 200
    assert report["results"][0]["result"] == "fail"
    assert report["results"][-1]["message"] == "101 more owners: 101 pass; podtailor audit lists them"
    assert report["summary"]["pass"] == 299


def test_report_is_small_whatever_is_said() -> None:
    summary = Summary()
    for number in range(199):
        summary.add(
            live_pod(f"{number}-{'n' * 240}"),
            verdict_with(Finding.VIOLATION, "f" * 2000, why="\u2603" * 5000),
        )
    (report,) = openreports.reports(summary, AT)
    assert len(json.dumps(report)) < 256 * 1024
    assert report["results"][-1]["rule"] == "not-listed"
