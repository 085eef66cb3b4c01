"""Findings and amounts in a few words."""

from __future__ import annotations

import pytest

from tests.audit.verdicts import WEB, judged
from tests.support.pods import pod, policy
from webhook.audit.findings import Finding, Item, Verdict
from webhook.audit.reports.wording import added, brief, pods_of, policies_of, short, what
from webhook.audit.summary import Row

CHANGE, CONFLICT, DRIFTED, SKIPPED, VIOLATION = (
    Finding.WOULD_CHANGE,
    Finding.CONFLICT,
    Finding.DRIFTED,
    Finding.SKIPPED,
    Finding.VIOLATION,
)
CONFLICTING = Item(CONFLICT, "tenant", "app:requests.memory", value="4Gi", winner="gpu", winning_value="8Gi")


@pytest.mark.parametrize(
    ("items", "finding", "line"),
    [
        pytest.param([], CHANGE, "", id="nothing"),
        pytest.param([Item(CHANGE, "a", "app:requests.cpu"), Item(CHANGE, "a", "app:requests.memory")], CHANGE, "a: requests", id="one word a field"),
        pytest.param([Item(CHANGE, "a", "app:limits.cpu"), Item(CHANGE, "b", "pod:tolerations")], CHANGE, "a: limits; b: tolerations", id="by policy"),
        pytest.param([Item(VIOLATION, "a", "app", why="x"), Item(CHANGE, "b", "pod:tolerations")], VIOLATION, "a: app: x", id="only this finding"),
        pytest.param([CONFLICTING], CONFLICT, "app:requests.memory: gpu 8Gi, tenant 4Gi", id="both values of a conflict"),
        pytest.param([Item(DRIFTED, "", "app:requests.cpu", "2", "1")], DRIFTED, "app:requests.cpu is 2, should be 1", id="drift"),
        pytest.param([Item(DRIFTED, "", "app:requests.cpu", "2")], DRIFTED, "app:requests.cpu is 2, should be unset", id="drift to nothing"),
        pytest.param([Item(Finding.UNDERSIZED, "", "app:requests.cpu", after="1")], Finding.UNDERSIZED, "app:requests.cpu is unset, needs 1", id="a size"),
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
        (2**60 * 1000, "memory", "+1024 PiB"), (500, "memory", "+0.5 B"), (0, "memory", "+0"),
    ],
)  # fmt: skip
def test_added(milli: int, resource: str, text: str) -> None:
    assert added(milli, resource) == text


@pytest.mark.parametrize(
    ("pods", "text"),
    [({}, ""), ({CHANGE: 3}, "3/3"), ({CHANGE: 2, Finding.PASS: 4}, "2/6"), ({Finding.PASS: 2}, "0/2")],
)
def test_pods_of(pods: dict[Finding, int], text: str) -> None:
    assert pods_of(Row(WEB, Verdict(items=(Item(CHANGE),)), pods=pods)) == text


SIZED_AND_NOT = pod("""
containers:
- {name: app, image: x}
- {name: sized, image: x, resources: {requests: {cpu: 1, memory: 1Gi}}}
initContainers:
- {name: init, image: x}
""")


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        pytest.param("defaultRequest: {cpu: 100m, memory: 256Mi}", "+100m +256Mi", id="requests of the Pod"),
        pytest.param("defaultRequest: {memory: 256Mi}", "+256Mi memory", id="one of the two with its name"),
        pytest.param("defaultRequest: {cpu: 100m, ephemeral-storage: 1Gi}", "+100m cpu +2Gi ephemeral-storage", id="others with their names"),
        pytest.param("default: {cpu: 500m, memory: 1Gi}", "+500m +1Gi, limits +1500m +2Gi", id="limits, and the requests that follow"),
    ],
)  # fmt: skip
def test_brief_amounts(spec: str, line: str) -> None:
    verdict = judged(SIZED_AND_NOT, policy(f"{{resources: {{limits: [{{type: Container, {spec}}}]}}}}"))
    assert brief(verdict) == line
    assert policies_of(verdict) == "test"


@pytest.mark.parametrize(
    ("spec", "line"),
    [
        ("{resizePolicy: {cpu: RestartContainer}, tolerations: [{operator: Exists}]}", "resizePolicy, tolerations"),
        ("{resizePolicy: {cpu: NotRequired}}", "without effect: resizePolicy"),
    ],
)  # fmt: skip
def test_brief_fields(spec: str, line: str) -> None:
    assert brief(judged(pod(), policy(spec))) == line


def test_brief_of_a_conflict() -> None:
    verdict = Verdict(items=(CONFLICTING, CONFLICTING, Item(CHANGE, "gpu", "app:requests.memory")))
    assert brief(verdict) == "app:requests.memory: gpu 8Gi, tenant 4Gi"
    assert policies_of(verdict) == "tenant"


def test_sizes_in_brief_are_before_and_after() -> None:
    items = [
        Item(Finding.UNDERSIZED, field="app:requests.memory", after="528Mi"),
        Item(Finding.UNDERSIZED, field="app:limits.cpu", before="1", after="2"),
        Item(Finding.OVERSIZED, field="app:requests.cpu", before="1", after="500m"),
    ]
    assert brief(Verdict(items=tuple(items))) == "app memory - -> 528Mi, app cpu limit 1 -> 2"
