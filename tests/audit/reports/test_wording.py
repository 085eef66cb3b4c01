"""Findings and amounts in a few words."""

from __future__ import annotations

import pytest

from tests.audit.verdicts import WEB
from webhook.audit.findings import Finding, Item, Verdict
from webhook.audit.reports.wording import added, pods_of, short, what
from webhook.audit.summary import Row

CHANGE, CONFLICT, DRIFTED, SKIPPED = (
    Finding.WOULD_CHANGE,
    Finding.CONFLICT,
    Finding.DRIFTED,
    Finding.SKIPPED,
)


@pytest.mark.parametrize(
    ("items", "finding", "line"),
    [
        pytest.param([], CHANGE, "", id="nothing"),
        pytest.param([Item(CHANGE, "a", "app:requests.cpu"), Item(CHANGE, "a", "app:requests.memory")], CHANGE, "a: requests", id="one word a field"),
        pytest.param([Item(CHANGE, "a", "app:limits.cpu"), Item(CHANGE, "b", "pod:tolerations")], CHANGE, "a: limits; b: tolerations", id="by policy"),
        pytest.param([Item(CONFLICT, "a", "app:requests.cpu", why="x"), Item(CHANGE, "b", "pod:tolerations")], CONFLICT, "a: app:requests.cpu: x", id="only this finding"),
        pytest.param([Item(DRIFTED, "", "app:requests.cpu", "2", "1")], DRIFTED, "app:requests.cpu is 2, should be 1", id="drift"),
        pytest.param([Item(DRIFTED, "", "app:requests.cpu", "2")], DRIFTED, "app:requests.cpu is 2, should be unset", id="drift to nothing"),
        pytest.param([Item(SKIPPED, why="opted-out: x")], SKIPPED, "opted-out: x", id="skip"),
    ],
)  # fmt: skip
def test_what(items: list[Item], finding: Finding, line: str) -> None:
    assert what(items, finding) == line


@pytest.mark.parametrize(
    ("milli", "resource", "text"),
    [
        (0, "cpu", "0"), (100, "cpu", "0.1"), (1234, "cpu", "1.23"), (1_234_000, "cpu", "1234"),
        (2**30 * 1000, "memory", "1Gi"), (2**40 * 1000, "memory", "1Ti"), (2**60 * 1000, "memory", "1024Pi"),
    ],
)  # fmt: skip
def test_short(milli: int, resource: str, text: str) -> None:
    assert short({resource: milli}, resource) == text


@pytest.mark.parametrize(
    ("milli", "resource", "text"),
    [
        (6200, "cpu", "+6.2 CPU"), (-100, "cpu", "-0.1 CPU"), (14 * 2**30 * 1000, "memory", "+14 GiB"),
        (256 * 2**20 * 1000, "memory", "+256 MiB"), (-3 * 2**40 * 1000, "memory", "-3 TiB"),
        (2**60 * 1000, "memory", "+1024 PiB"), (500, "memory", "+0.5 B"),
    ],
)  # fmt: skip
def test_added(milli: int, resource: str, text: str) -> None:
    assert added(milli, resource) == text


@pytest.mark.parametrize(
    ("pods", "text"),
    [({}, "-"), ({CHANGE: 3}, "3"), ({CHANGE: 2, Finding.PASS: 4}, "2/6"), ({Finding.PASS: 2}, "0/2")],
)
def test_pods_of(pods: dict[Finding, int], text: str) -> None:
    assert pods_of(Row(WEB, Verdict(items=(Item(CHANGE),)), pods=pods)) == text
