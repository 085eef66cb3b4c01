"""Bounds: min, max and ratio of policies and of the namespace's LimitRanges; docs/resources.md, LimitRanger."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.support.pods import decide, pod, policy, snapshot, tailored, yaml
from webhook.edits.resources.violations import MAX_VIOLATIONS
from webhook.engine.snapshot import Snapshot
from webhook.model.draft import Reason
from webhook.model.policy import Bounds, Policy
from webhook.model.quantity import parse
from webhook.model.subject import Namespace


def _item(text: str, kind: str = "Container", more: str = "") -> Policy:
    return policy(f"resources: {{limits: [{{type: {kind}, {text}}}], {more}}}", name=f"bounds-{kind.lower()}")


def _gives(text: str) -> Policy:
    return policy(f"resources: {text}", name="gives")


def _resources(before: str, *policies: Policy) -> object:
    after = tailored(pod(container=f"resources: {before}"), *policies)
    return after["spec"]["containers"][0].get("resources")


@pytest.mark.parametrize(
    ("before", "gives", "bounds", "after"),
    [
        pytest.param("{}", "{limits: [{type: Container, defaultRequest: {memory: 1Gi}}]}", "max: {memory: 256Mi}", "{requests: {memory: 256Mi}}", id="moves a request down to the max"),
        pytest.param("{}", "{limits: [{type: Container, defaultRequest: {memory: 1Mi}}]}", "min: {memory: 256Mi}", "{requests: {memory: 256Mi}}", id="moves a request up to the min"),
        pytest.param("{}", "{limits: [{type: Container, default: {memory: 1Gi}}]}", "max: {memory: 256Mi}", "{limits: {memory: 256Mi}, requests: {memory: 256Mi}}", id="moves a limit and the request that it becomes"),
        pytest.param("{limits: {memory: 128Mi}, requests: {}}", "{limits: [{type: Container, defaultRequest: {memory: 1Gi}}]}", "max: {memory: 256Mi}", "{limits: {memory: 128Mi}, requests: {}}", id="leaves a limit that is its request too"),
        pytest.param("{requests: {memory: 100Mi}}", "{limitFactor: {memory: '8'}}", "maxLimitRequestRatio: {memory: '2'}", "{requests: {memory: 100Mi}, limits: {memory: 200Mi}}", id="moves a limit to where the ratio allows it"),
        pytest.param("{requests: {memory: 100500m}}", "{limitFactor: {memory: '8'}}", "maxLimitRequestRatio: {memory: '1'}", "{requests: {memory: 100500m}, limits: {memory: 100500m}}", id="moves a limit to its request where rounding would go below it"),
        pytest.param("{requests: {memory: 100Mi}}", "{limits: [{type: Container, default: {memory: 1Gi}}]}", "min: {memory: 150Mi}", "{requests: {memory: 100Mi}, limits: {memory: 1Gi}}", id="leaves the Pod's own value that breaks a bound, and still gives the other"),
        pytest.param("{requests: {memory: 300Mi}}", "{limits: [{type: Container, default: {memory: 1Gi}}]}", "max: {memory: 256Mi}", "{requests: {memory: 300Mi}}", id="leaves out a limit where the Pod's own request is above the max"),
        pytest.param("{}", "{limits: [{type: Container, defaultRequest: {cpu: 100m}}]}", "min: {memory: 1Gi}", "{requests: {cpu: 100m}}", id="leaves resources alone that no bound names"),
    ],
)  # fmt: skip
def test_ours_moves_into_the_bounds(before: str, gives: str, bounds: str, after: str) -> None:
    assert _resources(before, _gives(gives), _item(bounds)) == yaml(after)


def test_what_finds_no_room_is_left_out_and_said() -> None:
    """One policy asks for more than another allows."""
    gives = _gives("{limits: [{type: Container, default: {memory: 1Gi}}]}")
    other = policy("resources: {limits: [{type: Container, max: {memory: 256Mi}}]}", name="z")
    outcome = decide(pod(), snapshot(gives, _item("min: {memory: 512Mi}"), other)).outcome
    assert outcome.changes == ()
    assert {(skip.field, skip.reason) for skip in outcome.skips} == {
        ("app:limits.memory", Reason.NO_ROOM),
        ("app:requests.memory", Reason.NO_ROOM),
    }


class TestPod:
    def test_what_makes_the_sum_too_large_is_left_out_by_policy_the_last_first(self) -> None:
        before = pod("initContainers: [{name: side, restartPolicy: Always}]")
        gives = _gives("{limits: [{type: Container, defaultRequest: {cpu: 1m, memory: 300Mi}}]}")
        first = policy(
            "containers: {names: [app]}\n"
            "resources: {limits: [{type: Container, defaultRequest: {memory: 300Mi}}]}",
            name="first",
        )
        after = tailored(before, first, gives, _item("max: {memory: 500Mi}", "Pod"))["spec"]
        assert after["containers"][0]["resources"]["requests"] == {"cpu": "1m", "memory": "300Mi"}
        assert after["initContainers"][0]["resources"]["requests"] == {"cpu": "1m"}

    def test_init_containers_count_by_the_largest(self) -> None:
        before = pod("initContainers: [{name: a}, {name: b}]")
        gives = _gives("{limits: [{type: Container, default: {memory: 300Mi}}]}")
        after = tailored(before, gives, _item("max: {memory: 300Mi}", "Pod"))["spec"]
        assert all(each["resources"] for each in (*after["containers"], *after["initContainers"]))

    def test_what_a_limit_brought_goes_with_it(self) -> None:
        """Else a second review would take the request for the Pod's own, and go on from there."""
        first = policy(
            "resources: {limitFactor: {cpu: '2'}, limits: [{type: Pod, max: {cpu: '3'}}]}", name="a"
        )
        second = policy("resources: {limits: [{type: Container, default: {cpu: '2'}}]}", name="b")
        before = pod(container="resources: {requests: {cpu: 200m}, limits: {cpu: '4'}}")
        before["spec"]["containers"] += [{"name": "b"}, {"name": "c"}]
        within = snapshot(first, second)
        assert decide(tailored(before, within=within), within).patch == []


class TestUntouched:
    """Pods whose resources podtailor leaves alone are held to bounds all the same."""

    def test_pod_level_resources_are_no_way_around(self) -> None:
        denies = _item("max: {cpu: '1'}", more="onViolation: Deny")
        before = pod("resources: {}", container="resources: {limits: {cpu: '64'}}")
        assert decide(before, snapshot(denies)).denied == (
            "podtailor: policy bounds-container: container app: maximum cpu usage per Container is 1, but limit is 64"
        )


def test_ratio_is_compared_as_limit_ranger_compares_it() -> None:
    """In floating point: 2007m is more than 2.007 times 1."""
    within = snapshot(_gives("{limitFactor: {cpu: '3'}}"), _item("maxLimitRequestRatio: {cpu: '2.007'}"))
    after = tailored(pod(container="resources: {requests: {cpu: '1'}}"), within=within)
    limit = after["spec"]["containers"][0]["resources"]["limits"]["cpu"]
    assert limit == "2006m"


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
    decision = decide(pod(container=f"resources: {before}"), snapshot(_item(bounds)))
    assert [*map(str, decision.warnings)] == [f"violation: bounds-container: app: {message}"]
    assert decision.denied is None


@pytest.mark.parametrize(("before", "bounds", "message"), BROKEN)
def test_or_refused_where_the_policy_says_so(before: str, bounds: str, message: str) -> None:
    within = snapshot(_item(bounds, more="onViolation: Deny"), _gives("{limitFactor: {memory: '2'}}"))
    decision = decide(pod(container=f"resources: {before}"), within)
    said = f"podtailor: policy bounds-container: container app: {message}"
    assert (decision.denied, decision.patch) == (said, [])


def test_every_violation_is_in_one_message() -> None:
    bounds = _item("min: {cpu: 100m}, max: {memory: 1Gi}", more="onViolation: Deny")
    assert decide(pod(), snapshot(bounds)).denied == (
        "podtailor: policy bounds-container: container app: minimum cpu usage per Container is 100m.  No request is specified; "
        "policy bounds-container: container app: maximum memory usage per Container is 1Gi.  No limit is specified"
    )


def test_only_an_enforced_policy_refuses() -> None:
    bounds = structs.replace(
        _item("min: {cpu: 100m}", more="onViolation: Deny"), mode=policy("mode: Audit").mode
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
    container, whole = _item("max: {cpu: '2'}"), _item("max: {cpu: '2'}", "Pod")
    assert decide(before, snapshot(container)).warnings == ()
    assert [*map(str, decide(before, snapshot(whole)).warnings)] == [
        "violation: bounds-pod: pod: maximum cpu usage per Pod is 2, but limit is 3"
    ]


def test_limit_ranges_of_the_namespace_bound_ours_and_are_the_api_servers_to_report() -> None:
    amount = parse("256Mi")
    assert amount
    namespace = Namespace("default", container_bounds=(Bounds(max={"memory": amount}),))
    gives = _gives("{limits: [{type: Container, defaultRequest: {memory: 1Gi}}]}")
    within = structs.replace(snapshot(gives), namespaces={"default": namespace})
    assert isinstance(within, Snapshot)
    decision = decide(pod(), within)
    assert [change.value for change in decision.outcome.changes] == ["256Mi"]
    assert decision.outcome.violations == ()


def test_no_more_is_said_than_helps_and_a_denial_is_never_what_is_left_out() -> None:
    names = ", ".join(f"example.com/r{at}: '1'" for at in range(16))
    warns = [
        policy(f"resources: {{limits: [{{type: Pod, max: {{{names}}}}}]}}", name=f"a{at}") for at in range(20)
    ]
    before = pod()
    before["spec"]["containers"] = [{"name": f"c{at}"} for at in range(240)]
    decision = decide(before, snapshot(*warns, _item("max: {cpu: '1'}", "Pod", "onViolation: Deny")))
    assert len(decision.outcome.violations) == MAX_VIOLATIONS
    assert decision.denied == (
        "podtailor: policy bounds-pod: maximum cpu usage per Pod is 1.  No limit is specified"
    )
