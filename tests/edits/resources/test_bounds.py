"""Bounds: min, max and ratio of policies and of the namespace's LimitRanges; docs/resources.md, LimitRanger."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.edits.resources.policies import bounds_policy, resources_policy
from tests.support.pods import decide, pod, policy, snapshot, tailored, yaml
from webhook.engine.snapshot import Snapshot
from webhook.model.draft import Reason
from webhook.model.policy import Bounds, Policy
from webhook.model.quantity import parse
from webhook.model.subject import Namespace


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
    assert _resources(before, resources_policy(gives), bounds_policy(bounds)) == yaml(after)


def test_limit_is_worked_out_from_the_request_within_the_bounds() -> None:
    """What the request was before has no such limit; the next review would find one."""
    gives = "{limits: [{type: Container, defaultRequest: {memory: 8Ei}}], limitFactor: {memory: '2'}}"
    after = _resources("{}", resources_policy(gives), bounds_policy("max: {memory: 1Gi}"))
    assert after == yaml("{requests: {memory: 1Gi}, limits: {memory: 1Gi}}")


def test_what_finds_no_room_is_left_out_and_said() -> None:
    """One policy asks for more than another allows."""
    gives = resources_policy("{limits: [{type: Container, default: {memory: 1Gi}}]}")
    other = policy("resources: {limits: [{type: Container, max: {memory: 256Mi}}]}", name="z")
    outcome = decide(pod(), snapshot(gives, bounds_policy("min: {memory: 512Mi}"), other)).outcome
    assert outcome.changes == ()
    assert {(skip.field, skip.reason) for skip in outcome.skips} == {
        ("app:limits.memory", Reason.NO_ROOM),
        ("app:requests.memory", Reason.NO_ROOM),
    }


def test_ratio_is_compared_as_limit_ranger_compares_it() -> None:
    """In floating point: 2007m is more than 2.007 times 1."""
    within = snapshot(
        resources_policy("{limitFactor: {cpu: '3'}}"), bounds_policy("maxLimitRequestRatio: {cpu: '2.007'}")
    )
    after = tailored(pod(container="resources: {requests: {cpu: '1'}}"), within=within)
    limit = after["spec"]["containers"][0]["resources"]["limits"]["cpu"]
    assert limit == "2006m"


@pytest.mark.parametrize(("most", "gives", "after"), [
    ("256Mi", "{limits: [{type: Container, defaultRequest: {memory: 1Gi}}]}", ["256Mi"]),
    ("0", "{limits: [{type: Container, defaultRequest: {memory: 1Gi}}], limitFactor: {memory: '2'}}", ["0", "0"]),
])  # fmt: skip
def test_limit_ranges_of_the_namespace_bound_ours_and_are_the_api_servers_to_report(
    most: str, gives: str, after: list[str]
) -> None:
    amount = parse(most)
    assert amount
    namespace = Namespace("default", container_bounds=(Bounds(max={"memory": amount}),))
    within = structs.replace(snapshot(resources_policy(gives)), namespaces={"default": namespace})
    assert isinstance(within, Snapshot)
    decision = decide(pod(), within)
    assert [change.value for change in decision.outcome.changes] == after
    assert decision.outcome.violations == ()
