"""The plan of a resize, and the patch of a Pod."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.resize.pods import NODE, SIZED, facts, named, planned, running, sizes
from webhook.resize.facts import Allowed
from webhook.resize.plan import Plan, patch, plan
from webhook.resize.pod import Pod

_SIDECAR = (
    "initContainers: [{name: proxy, image: p, restartPolicy: Always,"
    " resources: {requests: {cpu: 50m, memory: 64Mi}}}]"
)
_NO_LIMIT = "resources: {requests: {cpu: 100m}}"


def _patch(made: Plan) -> object:
    (only,) = made.pods
    return patch(only.pod, only.after)


def test_patch_has_what_changes_and_the_uid() -> None:
    assert _patch(planned(running(), cpu="200m:300m", memory=":512Mi")) == {
        "metadata": {"uid": "uid-of-p"},
        "spec": {
            "containers": [
                {"name": "app", "resources": {"requests": {"cpu": "200m"}, "limits": {"memory": "512Mi"}}}
            ]
        },
    }


def test_patch_has_sidecars_at_their_place() -> None:
    wanted = {"app": sizes(cpu="200m"), "proxy": sizes(cpu="80m", memory="x2")}
    assert _patch(plan([running(_SIDECAR)], wanted, facts(), Allowed())) == {
        "metadata": {"uid": "uid-of-p"},
        "spec": {
            "containers": [{"name": "app", "resources": {"requests": {"cpu": "200m"}}}],
            "initContainers": [
                {"name": "proxy", "resources": {"requests": {"cpu": "80m", "memory": "128Mi"}}}
            ],
        },
    }


def test_limit_brings_the_request_that_the_api_server_sets() -> None:
    assert _patch(planned(running(container=_NO_LIMIT), memory=":512Mi")) == {
        "metadata": {"uid": "uid-of-p"},
        "spec": {
            "containers": [
                {"name": "app", "resources": {"limits": {"memory": "512Mi"}, "requests": {"memory": "512Mi"}}}
            ]
        },
    }


@pytest.mark.parametrize(
    ("cpu", "memory", "container"),
    [
        pytest.param("100m:300m", "128Mi:256Mi", "app", id="the values that it has"),
        pytest.param("0.1", "0.125Gi", "app", id="these, written otherwise"),
        pytest.param("+0%", "x1", "app", id="no difference"),
        pytest.param("7", "7Gi", "other", id="a container that it has not"),
    ],
)
def test_no_change(cpu: str, memory: str, container: str) -> None:
    made = planned(running(), cpu=cpu, memory=memory, container=container)
    assert made == Plan(pods=made.pods)
    assert [(each.changes, each.refusals, each.warnings) for each in made.pods] == [((), (), ())]
    assert made.due == ()
    assert not made.is_refused


def test_size_without_a_present_value_refuses_the_pod() -> None:
    made = planned(running(container=_NO_LIMIT), cpu="200m", memory="+20%")
    (only,) = made.pods
    assert [str(each) for each in only.refusals] == [
        "no-present-value: app has no present value that could be multiplied"
    ]
    assert made.is_refused
    assert made.due == ()


def test_pods_get_sizes_of_their_own_values() -> None:
    made = planned(named("a", "one"), named("b", "two", container=SIZED.replace("100m", "200m")), cpu="+50%")
    assert [[str(change.after) for change in each.changes] for each in made.pods] == [["150m"], ["300m"]]


def test_old_values_are_what_a_revert_can_restore() -> None:
    (only,) = planned(running(container=_NO_LIMIT), cpu="200m:400m").pods
    assert {str(field): str(value) for field, value in only.before.items()} == {"app: requests.cpu": "100m"}
    assert {str(field): str(value) for field, value in only.after.items()} == {
        "app: requests.cpu": "200m",
        "app: limits.cpu": "400m",
    }


def _with_room(milli: int, *pods: Pod) -> list[bool]:
    """Which of the Pods may take 100m more each from a Node that has so much left."""
    node = structs.replace(NODE, requested={"cpu": 4000 - milli, "memory": 0})
    made = planned(*pods, cpu="200m", facts=facts(nodes={"a": node, "b": node}))
    return [each.is_due for each in made.pods]


def test_pods_of_a_node_share_its_room() -> None:
    pods = [named(name) for name in "pqr"]
    assert _with_room(300, *pods) == [True, True, True]
    assert _with_room(250, *pods) == [True, True, False]
    assert _with_room(250, pods[0], named("s", "b"), pods[1], pods[2]) == [True, True, True, False]


def test_a_pod_that_is_refused_takes_no_room() -> None:
    full = named("t", container="resources: {requests: {cpu: 50m}, limits: {cpu: 150m}}")
    assert _with_room(100, full, named("p")) == [False, True]


def test_a_pod_that_gets_smaller_makes_room_for_the_next() -> None:
    larger = named("u", container=SIZED.replace("100m", "300m"))
    assert _with_room(0, larger, named("p")) == [True, True]


def test_nothing_of_an_owner_that_is_refused_is_due() -> None:
    made = planned(running(), cpu="200m", facts=facts(rollout="1 of 2 Pods are new"))
    assert made.pods[0].is_due
    assert made.due == ()


def test_pods_are_not_changed() -> None:
    pod = running()
    planned(pod, cpu="200m", memory=":512Mi")
    assert pod == running()


@pytest.mark.parametrize(
    ("phase", "node", "expected"),
    [
        pytest.param("Succeeded", "a", "gone: it has ended", id="a Pod that has ended"),
        pytest.param("Failed", "a", "gone: it has ended", id="a Pod that has failed"),
        pytest.param(
            "Pending", "", "not-running: it is not on a Node yet, so it keeps its size",
            id="a Pod that is not placed",
        ),
    ],
)  # fmt: skip
def test_a_pod_that_does_not_run_is_left_out_and_refuses_no_other(
    phase: str, node: str, expected: str
) -> None:
    idle = named("idle", node)
    idle = structs.replace(idle, status=structs.replace(idle.status, phase=phase))
    made = planned(idle, named("other"), cpu="200m")
    assert not made.is_refused
    assert made.is_incomplete == (phase == "Pending")
    assert [each.pod.name for each in made.due] == ["other"]
    assert [str(each) for each in made.pods[0].warnings] == [expected]
    alone = planned(idle, cpu="200m", facts=facts(rollout="1 of 2"))
    assert alone.refusals == ()
