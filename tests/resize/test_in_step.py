"""Which step follows from what the objects say."""

from __future__ import annotations

import pytest

from tests.resize.owners import NEW, OLD, held, owner, paused, pod, replica_set, revision, template, values
from tests.support.pods import Json
from webhook.resize.in_step import Patch, Resize, State, Stuck, Wait, next_step

_IDENTITY = {"uid": "uid-of-web", "resourceVersion": "7"}
_SPEC = {"template": {"spec": {"containers": [{"name": "app", "resources": NEW}]}}}
_ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
_REVISIONED = ("StatefulSet", "DaemonSet")


def _deployment(obj: Json, *replica_sets: Json, pods: int = 3) -> State:
    running = tuple(pod(f"web-{number}", NEW) for number in range(pods))
    return State(kind="Deployment", owner=obj, children=replica_sets, pods=running)


def _revisioned(kind: str, obj: Json, labels: list[str], *, image: str = "app:1") -> State:
    pods = tuple(pod(f"web-{number}", NEW, label) for number, label in enumerate(labels))
    old, new = revision(kind, 1, OLD, image), revision(kind, 2, NEW)
    return State(kind=kind, owner=obj, children=(new, old), pods=pods)


def test_a_deployment_is_paused_in_the_request_that_changes_its_template() -> None:
    state = _deployment(owner("Deployment"), replica_set("a", pods=3))
    body = {"metadata": _IDENTITY, "spec": {**_SPEC, "paused": True}}
    assert next_step(state, values()) == (Patch("Deployment", "web", body),)


def test_its_replica_set_follows() -> None:
    state = _deployment(paused(NEW), replica_set("old", revision=1), replica_set("a", pods=3, revision=2))
    body = {"metadata": {"uid": "uid-of-a"}, "spec": _SPEC}
    assert next_step(state, values()) == (Patch("ReplicaSet", "a", body),)


def test_the_newest_replica_set_follows_if_none_has_pods() -> None:
    state = _deployment(paused(NEW), replica_set("b", revision=10), replica_set("a", revision=9), pods=0)
    step = next_step(state, values())
    assert isinstance(step, tuple)
    assert [each.name for each in step] == ["b"]


def test_it_goes_on_once_its_controller_has_seen_that() -> None:
    children = (replica_set("a", NEW, pods=3),)
    unseen = _deployment(paused(NEW, observedGeneration=1), *children)
    not_yet = _deployment(paused(NEW, updatedReplicas=0), *children)
    assert isinstance(next_step(unseen, values()), Wait)
    assert isinstance(next_step(not_yet, values()), Wait)
    body = {"metadata": _IDENTITY, "spec": {"paused": None}}
    assert next_step(_deployment(paused(NEW), *children), values()) == (Patch("Deployment", "web", body),)


def test_pods_that_came_between_are_resized_before_it_goes_on() -> None:
    state = _deployment(paused(NEW), replica_set("a", NEW, pods=3))
    late = pod("late")
    state = State(kind=state.kind, owner=state.owner, children=state.children, pods=(*state.pods, late))
    assert next_step(state, values()) == Resize((late,))
    assert isinstance(next_step(state, values(), frozenset({late.uid})), tuple)


def test_a_pod_without_a_node_is_waited_for() -> None:
    state = State(kind="ReplicaSet", owner=owner("ReplicaSet", NEW), pods=(pod("late", node=""),))
    assert isinstance(next_step(state, values()), Wait)


def test_a_deployment_that_was_changed_otherwise_stays_paused() -> None:
    obj = paused(NEW)
    obj["spec"]["template"] = template(NEW, image="app:2")
    step = next_step(_deployment(obj, replica_set("a", pods=3)), values())
    assert isinstance(step, Stuck)
    assert step.hint == "to let it replace them: kubectl rollout resume deployment/web -n shop"


@pytest.mark.parametrize("kind", _REVISIONED)
def test_a_controller_with_revisions_is_held_in_the_request_that_changes_the_template(kind: str) -> None:
    state = _revisioned(kind, owner(kind), ["web-1"] * 3)
    noted = '{"type":"RollingUpdate","rollingUpdate":{"partition":0}}'
    body = {
        "metadata": {**_IDENTITY, "annotations": {"podtailor.dev/resize": noted}},
        "spec": {**_SPEC, "updateStrategy": {"type": "OnDelete", "rollingUpdate": None}},
    }
    assert next_step(state, values()) == (Patch(kind, "web", body),)


@pytest.mark.parametrize("kind", _REVISIONED)
def test_one_that_is_held_keeps_what_it_has_to_restore(kind: str) -> None:
    """The sizes were changed once more before it was run again."""
    step = next_step(_revisioned(kind, held(kind, OLD), ["web-1"] * 3), values())
    assert step == (Patch(kind, "web", {"metadata": _IDENTITY, "spec": _SPEC}),)


@pytest.mark.parametrize("kind", _REVISIONED)
def test_pods_are_labelled_with_the_newest_revision(kind: str) -> None:
    state = _revisioned(kind, held(kind, NEW), ["web-1", "web-2", "web-1"])
    assert next_step(state, values()) == tuple(
        Patch(
            "Pod",
            name,
            {"metadata": {"uid": f"uid-of-{name}", "labels": {"controller-revision-hash": "web-2"}}},
        )
        for name in ("web-0", "web-2")
    )
    unseen = _revisioned(kind, held(kind, NEW, observedGeneration=1), ["web-1"] * 3)
    assert isinstance(next_step(unseen, values()), Wait)


@pytest.mark.parametrize("kind", _REVISIONED)
def test_the_strategy_is_restored_once_its_controller_has_seen_the_labels(kind: str) -> None:
    labels = ["web-2"] * 3
    unseen = {"updatedReplicas": 2, "updatedNumberScheduled": 2}
    assert isinstance(next_step(_revisioned(kind, held(kind, NEW, **unseen), labels), values()), Wait)
    body = {
        "metadata": {**_IDENTITY, "annotations": {"podtailor.dev/resize": None}},
        "spec": {"updateStrategy": _ROLLING},
    }
    step = next_step(_revisioned(kind, held(kind, NEW), labels), values())
    assert step == (Patch(kind, "web", body),)


@pytest.mark.parametrize("kind", _REVISIONED)
def test_one_that_was_changed_otherwise_stays_held(kind: str) -> None:
    state = _revisioned(kind, held(kind, NEW), ["web-1"] * 3, image="app:0")
    step = next_step(state, values())
    assert isinstance(step, Stuck)
    assert "kubectl patch" in step.hint
    assert "--type=merge" in step.hint


@pytest.mark.parametrize("kind", _REVISIONED)
def test_pods_that_their_user_replaces_are_labelled_only_if_they_differ_in_size(kind: str) -> None:
    """Its strategy is OnDelete: nothing is restored, and Pods of an older image wait to be deleted."""
    obj = owner(kind, NEW, updateStrategy={"type": "OnDelete"})
    assert isinstance(next_step(_revisioned(kind, obj, ["web-1"] * 3), values()), tuple)
    assert next_step(_revisioned(kind, obj, ["web-1"] * 3, image="app:0"), values()) is None


@pytest.mark.parametrize("kind", ["CronJob", "ReplicaSet", "ReplicationController"])
def test_a_template_that_replaces_no_pods_is_changed_alone(kind: str) -> None:
    state = State(kind=kind, owner=owner(kind))
    spec = {"jobTemplate": {"spec": _SPEC}} if kind == "CronJob" else _SPEC
    assert next_step(state, values()) == (Patch(kind, "web", {"metadata": _IDENTITY, "spec": spec}),)


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet", "CronJob", "ReplicaSet"])
def test_nothing_is_left_to_do_if_all_say_the_same(kind: str) -> None:
    state = State(kind=kind, owner=owner(kind, NEW), pods=(pod("web-0", NEW),))
    assert next_step(state, values()) is None
    assert next_step(state, {}) is None
