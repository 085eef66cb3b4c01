"""Bounds that a Pod's own values violate: warnings and denials, in LimitRanger's words."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.edits.resources.policies import bounds_policy, resources_policy
from tests.support.pods import decide, pod, policy, snapshot
from webhook.edits.resources.violations import MAX_VIOLATIONS


def test_pod_level_resources_are_no_way_around() -> None:
    denies = bounds_policy("max: {cpu: '1'}", more="onViolation: Deny")
    before = pod("resources: {}", container="resources: {limits: {cpu: '64'}}")
    assert decide(before, snapshot(denies)).denied == (
        "podtailor: policy bounds-container: container app: maximum cpu usage per Container is 1, but limit is 64"
    )


BROKEN = [
    pytest.param("{requests: {cpu: 50m}}", "min: {cpu: 100m}", "minimum cpu usage per Container is 100m, but request is 50m", id="request below min"),
    pytest.param("{}", "min: {cpu: 100m}", "minimum cpu usage per Container is 100m.  No request is specified", id="no request under a min"),
    pytest.param("{limits: {cpu: '3'}}", "max: {cpu: '2'}", "maximum cpu usage per Container is 2, but limit is 3", id="limit above max"),
    pytest.param("{requests: {cpu: '3'}}", "max: {cpu: '2'}", "maximum cpu usage per Container is 2.  No limit is specified", id="no limit under a max"),
    pytest.param("{requests: {cpu: '1'}, limits: {cpu: '5'}}", "maxLimitRequestRatio: {cpu: '4'}", "cpu max limit to request ratio per Container is 4, but provided ratio is 5.000000", id="ratio"),
    pytest.param("{limits: {example.com/x: 9}}", "max: {example.com/x: '8'}", "maximum example.com/x usage per Container is 8, but limit is 9", id="other resources"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "bounds", "message"), BROKEN)
def test_own_values_that_break_a_bound_are_warned_of(before: str, bounds: str, message: str) -> None:
    decision = decide(pod(container=f"resources: {before}"), snapshot(bounds_policy(bounds)))
    assert [*map(str, decision.warnings)] == [f"violation: bounds-container: app: {message}"]
    assert decision.denied is None


@pytest.mark.parametrize(("before", "bounds", "message"), BROKEN)
def test_or_refused_where_the_policy_says_so(before: str, bounds: str, message: str) -> None:
    within = snapshot(
        bounds_policy(bounds, more="onViolation: Deny"), resources_policy("{limitFactor: {memory: '2'}}")
    )
    decision = decide(pod(container=f"resources: {before}"), within)
    message_of_denial = f"podtailor: policy bounds-container: container app: {message}"
    assert (decision.denied, decision.patch) == (message_of_denial, [])


def test_every_violation_is_in_one_message() -> None:
    bounds = bounds_policy("min: {cpu: 100m}, max: {memory: 1Gi}", more="onViolation: Deny")
    assert decide(pod(), snapshot(bounds)).denied == (
        "podtailor: policy bounds-container: container app: minimum cpu usage per Container is 100m.  No request is specified; "
        "policy bounds-container: container app: maximum memory usage per Container is 1Gi.  No limit is specified"
    )


def test_only_an_enforced_policy_refuses() -> None:
    bounds = structs.replace(
        bounds_policy("min: {cpu: 100m}", more="onViolation: Deny"), mode=policy("mode: Audit").mode
    )
    decision = decide(pod(), snapshot(bounds))
    assert decision.denied is None
    assert [each.message for each in decision.violations] == [
        "minimum cpu usage per Container is 100m.  No request is specified"
    ]


def test_skipped_containers_are_not_checked_but_count_in_the_sum() -> None:
    before = pod(
        metadata="annotations: {podtailor.dev/skip-containers: app}",
        container="resources: {limits: {cpu: '3'}}",
    )
    container, whole = bounds_policy("max: {cpu: '2'}"), bounds_policy("max: {cpu: '2'}", "Pod")
    assert decide(before, snapshot(container)).warnings == ()
    assert [*map(str, decide(before, snapshot(whole)).warnings)] == [
        "violation: bounds-pod: pod: maximum cpu usage per Pod is 2, but limit is 3"
    ]


def test_no_more_is_said_than_helps_and_a_denial_is_never_what_is_left_out() -> None:
    names = ", ".join(f"example.com/r{at}: '1'" for at in range(16))
    warns = [
        policy(f"resources: {{limits: [{{type: Pod, max: {{{names}}}}}]}}", name=f"a{at}") for at in range(20)
    ]
    before = pod()
    before["spec"]["containers"] = [{"name": f"c{at}"} for at in range(240)]
    decision = decide(before, snapshot(*warns, bounds_policy("max: {cpu: '1'}", "Pod", "onViolation: Deny")))
    assert len(decision.outcome.violations) == MAX_VIOLATIONS
    assert decision.denied == (
        "podtailor: policy bounds-pod: maximum cpu usage per Pod is 1.  No limit is specified"
    )
