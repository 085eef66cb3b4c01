"""The finding of one object, and how its Pods are judged."""

from __future__ import annotations

import pytest

from tests.audit.verdicts import (
    AUDITED,
    LATER,
    REQUESTS,
    SIZED,
    in_force,
    judged,
)
from tests.support.pods import Json, pod, policy
from webhook.audit.findings import Finding, Item
from webhook.model.place import Place
from webhook.model.policy import Policy

SMALL = policy("{resources: {limits: [{type: Container, max: {cpu: '1'}}]}}", name="small")
STRICT = policy(
    "{resources: {onViolation: Deny, limits: [{type: Container, max: {cpu: '1'}}]}}", name="strict"
)
BIG = pod(container="resources: {requests: {cpu: '2'}, limits: {cpu: '2'}}")


@pytest.mark.parametrize(
    ("obj", "policies", "known", "finding"),
    [
        pytest.param(SIZED, [REQUESTS], {}, Finding.PASS, id="already has it"),
        pytest.param(pod(), [REQUESTS], {}, Finding.WOULD_CHANGE, id="policy of a file"),
        pytest.param(pod(), [], {}, Finding.SKIPPED, id="no policy matches"),
        pytest.param(pod(metadata="labels: {podtailor.dev/injection: disabled}"), [REQUESTS], {}, Finding.SKIPPED, id="opted out"),
        pytest.param(BIG, [SMALL], {}, Finding.VIOLATION, id="bound broken"),
        pytest.param(pod(), [REQUESTS, policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: '3'}}]}}", name="zz")], {}, Finding.CONFLICT, id="two proposed values"),
    ],
)  # fmt: skip
def test_finding(obj: Json, policies: list[Policy], known: Json, finding: Finding) -> None:
    assert judged(obj, *policies, **known).finding is finding


def test_conflict_gives_both_values() -> None:
    other = policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: '3'}}]}}", name="zz")
    conflict, *_ = judged(pod(), REQUESTS, other).items
    assert (conflict.policy, conflict.field) == ("zz", "app:requests.cpu")
    assert (conflict.value, conflict.winner, conflict.winning_value) == ("3", "test", "100m")
    assert conflict.why == "test (100m) takes precedence over zz (3)"


def test_audited_policy_would_change_and_never_slips() -> None:
    verdict = judged(SIZED, REQUESTS, AUDITED, enforcement=in_force(REQUESTS, AUDITED), created=LATER)
    (item,) = verdict.items
    assert (item.finding, item.policy, item.field, item.after) == (
        Finding.WOULD_CHANGE, "tried", "app:requests.memory", "1Gi"
    )  # fmt: skip


def test_refused_pod_is_given_nothing() -> None:
    verdict = judged(BIG, STRICT, policy("{resizePolicy: {cpu: NotRequired}}", name="other"))
    (item,) = verdict.items
    assert (item.finding, item.policy, item.field) == (Finding.VIOLATION, "strict", "app")
    assert item.why.endswith("; such Pods are refused")
    assert verdict.before == verdict.after
    assert verdict.qos is None


@pytest.mark.parametrize(
    ("obj", "touched"),
    [
        pytest.param(
            pod(metadata="annotations: {podtailor.dev/applied: '{}'}"), frozenset(), id="it has been here"
        ),
        pytest.param(pod(), frozenset({"podtailor.dev"}), id="a label of ours was written later"),
    ],
)
def test_pod_that_may_have_been_another_did_not_slip_through(obj: Json, touched: frozenset[str]) -> None:
    verdict = judged(obj, REQUESTS, enforcement=in_force(REQUESTS), created=LATER, touched=touched)
    assert verdict.finding is Finding.WOULD_CHANGE


def test_labels_written_later_excuse_where_they_are_asked_for() -> None:
    touched = frozenset({"labels"})
    asks = policy("{match: {podSelector: {matchLabels: {app: x}}}, nodeSelector: {a: b}}", name="asks")
    spares = policy("{exclude: {podSelector: {matchLabels: {app: z}}}, nodeSelector: {a: b}}", name="spares")
    labelled = pod(metadata="labels: {app: x}", container="resources: {requests: {cpu: 100m}}")
    findings = (
        (asks, Finding.WOULD_CHANGE),
        (spares, Finding.WOULD_CHANGE),
        (REQUESTS, Finding.SLIPPED_THROUGH),
    )
    for each, finding in findings:
        obj = pod() if each is REQUESTS else labelled
        verdict = judged(obj, each, enforcement=in_force(each), created=LATER, touched=touched)
        assert verdict.finding is finding


TOO_MUCH = Item(Finding.OVERSIZED, field="app:requests.cpu", before="1", after="100m", why="P95 80m")


def test_sizes_are_worse_than_changes_and_count_for_exempt_pods_too() -> None:
    verdict = judged(SIZED, AUDITED, sizes=[TOO_MUCH])
    assert [each.finding for each in verdict.items] == [Finding.OVERSIZED, Finding.WOULD_CHANGE]
    verdict = judged(SIZED, sizes=[TOO_MUCH])
    assert [each.finding for each in verdict.items] == [Finding.OVERSIZED, Finding.SKIPPED]
    verdict = judged(SIZED, REQUESTS, sizes=[TOO_MUCH])
    assert verdict.items == (TOO_MUCH,)
    assert not verdict.changes


def test_sizes_are_at_the_line_of_their_field() -> None:
    places: dict[object, Place] = {}
    asked = judged(SIZED, sizes=[TOO_MUCH], place_of=lambda path: places.setdefault(path, Place("a", 7, 9)))
    assert [(each.line, each.column) for each in asked.items] == [(7, 9), (0, 0)]
    assert [*places] == [("spec", "containers", 0, "resources", "requests", "cpu")]
