"""What an audit found, in one sentence."""

from __future__ import annotations

import pytest

from tests.audit.verdicts import WEB, judged, verdict_with
from tests.support.pods import pod, policy
from webhook.audit.findings import Demand, Finding, Verdict
from webhook.audit.reports.headline import headline
from webhook.audit.summary import Row, Total

GIB = 2**30 * 1000
STATES_DEFAULT = judged(pod(), policy("{resizePolicy: {cpu: NotRequired, memory: NotRequired}}"))


def _row(verdict: Verdict, *, cpu: int = 0, memory: int = 0) -> Row:
    """`cpu` in millicores and `memory` in GiB are what it would request more than now."""
    after = Demand(requests={"cpu": 2000 + cpu, "memory": 4 * GIB + memory * GIB})
    row = Row(WEB, verdict, requests=Total())
    before = Demand(requests={"cpu": 2000, "memory": 4 * GIB})
    row.requests.add(Verdict(items=verdict.items, before=before, after=after), 1)
    return row


CHANGED = _row(verdict_with(Finding.WOULD_CHANGE, "app:requests.cpu"), cpu=6200, memory=14)
MISSED = _row(verdict_with(Finding.SLIPPED_THROUGH, "app:requests.cpu"))
PLACED = _row(verdict_with(Finding.WOULD_CHANGE, "nodeSelector.arch"))
SMALLER = _row(verdict_with(Finding.WOULD_CHANGE, "app:requests.cpu"), cpu=-500)
LARGE, SMALL = (
    _row(verdict_with(each, "app:requests.cpu")) for each in (Finding.OVERSIZED, Finding.UNDERSIZED)
)
VIOLATION, CONFLICT, NOT_JUDGED, PASS = (
    _row(verdict_with(each))
    for each in (Finding.VIOLATION, Finding.CONFLICT, Finding.NOT_JUDGED, Finding.PASS)
)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        pytest.param([], "No Pods and no Pod templates were found", id="nothing"),
        pytest.param([PASS], "None of 1 owner would change", id="one that passes"),
        pytest.param([_row(STATES_DEFAULT), PASS], "None of 2 owners would change; 1 without effect", id="a change without effect"),
        pytest.param([CHANGED, _row(STATES_DEFAULT)], "1 of 2 owners would change: +6.2 CPU, +14 GiB; 1 more without effect", id="one with and one without effect"),
        pytest.param([CHANGED, PASS], "1 of 2 owners would change: +6.2 CPU, +14 GiB", id="sums"),
        pytest.param([SMALLER], "1 of 1 owner would change: -0.5 CPU", id="smaller requests"),
        pytest.param([MISSED], "1 of 1 owner would change", id="a template that requests more, and no Pod"),
        pytest.param([PLACED], "1 of 1 owner would change: requests stay as they are", id="no requests"),
        pytest.param([CHANGED, VIOLATION], "1 of 2 owners would change: +6.2 CPU, +14 GiB; 1 needs a decision", id="one decision"),
        pytest.param([VIOLATION, CONFLICT], "None of 2 owners would change; 2 need a decision", id="only decisions"),
        pytest.param([PLACED, *[LARGE] * 2, SMALL], "1 of 4 owners would change: requests stay as they are; 1 undersized and 2 oversized", id="sizes"),
        pytest.param([LARGE, VIOLATION], "None of 2 owners would change; 1 oversized; 1 needs a decision", id="sizes of one kind"),
        pytest.param([NOT_JUDGED, PASS], "None of 2 owners would change; 1 could not be judged", id="not judged"),
    ],
)  # fmt: skip
def test_headline(rows: list[Row], sentence: str) -> None:
    assert headline(rows) == sentence
