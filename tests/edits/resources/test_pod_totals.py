"""Bounds of a Pod in total, as LimitRanger adds up its containers."""

from __future__ import annotations

from tests.edits.resources.policies import bounds_policy, resources_policy
from tests.support.pods import decide, pod, policy, snapshot, tailored


def test_what_makes_the_sum_too_large_is_left_out_by_policy_the_last_first() -> None:
    before = pod("initContainers: [{name: side, restartPolicy: Always}]")
    gives = resources_policy("{limits: [{type: Container, defaultRequest: {cpu: 1m, memory: 300Mi}}]}")
    first = policy(
        "containers: {names: [app]}\n"
        "resources: {limits: [{type: Container, defaultRequest: {memory: 300Mi}}]}",
        name="first",
    )
    after = tailored(before, first, gives, bounds_policy("max: {memory: 500Mi}", "Pod"))["spec"]
    assert after["containers"][0]["resources"]["requests"] == {"cpu": "1m", "memory": "300Mi"}
    assert after["initContainers"][0]["resources"]["requests"] == {"cpu": "1m"}


def test_init_containers_count_by_the_largest() -> None:
    before = pod("initContainers: [{name: a}, {name: b}]")
    gives = resources_policy("{limits: [{type: Container, default: {memory: 300Mi}}]}")
    after = tailored(before, gives, bounds_policy("max: {memory: 300Mi}", "Pod"))["spec"]
    assert all(each["resources"] for each in (*after["containers"], *after["initContainers"]))


def test_what_a_limit_brought_goes_with_it() -> None:
    """Else a second review would take the request for the Pod's own, and go on from there."""
    first = policy("resources: {limitFactor: {cpu: '2'}, limits: [{type: Pod, max: {cpu: '3'}}]}", name="a")
    second = policy("resources: {limits: [{type: Container, default: {cpu: '2'}}]}", name="b")
    before = pod(container="resources: {requests: {cpu: 200m}, limits: {cpu: '4'}}")
    before["spec"]["containers"] += [{"name": "b"}, {"name": "c"}]
    within = snapshot(first, second)
    assert decide(tailored(before, within=within), within).patch == []
