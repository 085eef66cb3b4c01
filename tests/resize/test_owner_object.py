"""Templates compared as controllers compare them, and changed."""

from __future__ import annotations

import copy

import pytest

from tests.resize.owners import NEW, OLD, held, owner, paused, template, values, written_by
from tests.support.pods import Json
from webhook.resize.owner_object import (
    declared,
    differs_in_size_only,
    is_held,
    is_same,
    managers_of,
    missing,
    template_of,
    template_patch,
    with_values,
)


@pytest.mark.parametrize(
    ("one", "other", "same", "sizes"),
    [
        pytest.param(template(), template(), True, True, id="equal"),
        pytest.param(template(), template(labels={"pod-template-hash": "a"}), True, True, id="hash"),
        pytest.param(template({"limits": {"memory": "1Gi"}}), template({"limits": {"memory": "1024Mi"}}), True, True, id="spelling"),
        pytest.param(template(OLD), template(NEW), False, True, id="size"),
        pytest.param(template({"limits": {"cpu": "1"}}), template({"requests": {"cpu": "1"}}), False, True, id="side"),
        pytest.param(template({"limits": {"example.com/gpu": "1"}}), template({"limits": {"example.com/gpu": "2"}}), False, False, id="other resource"),
        pytest.param(template(), template(image="app:2"), False, False, id="image"),
        pytest.param(template(), template(labels={"tier": "front"}), False, False, id="label"),
    ],
)  # fmt: skip
def test_templates_are_compared(one: Json, other: Json, same: bool, sizes: bool) -> None:
    assert is_same(one, other) is same is is_same(other, one)
    assert differs_in_size_only(one, other) is sizes is differs_in_size_only(other, one)


def test_values_are_set_in_a_copy() -> None:
    before = template({"requests": {"cpu": "1"}, "limits": {"memory": "128Mi", "example.com/gpu": "1"}})
    kept = copy.deepcopy(before)
    after = with_values(before, values())
    assert before == kept
    assert after["spec"]["containers"][0]["resources"] == {
        "requests": {"cpu": "1"},
        "limits": {"memory": "256Mi", "example.com/gpu": "1"},
    }
    assert missing(declared(after), values()) == {}
    assert missing(declared(before), values()) == values()


def test_a_patch_names_the_list_that_a_container_is_in() -> None:
    made = template()
    made["spec"]["initContainers"] = [{"name": "proxy", "restartPolicy": "Always"}]
    patch = template_patch("CronJob", made, {**values(container="proxy"), **values()})
    assert patch["spec"]["jobTemplate"]["spec"]["template"]["spec"] == {
        "containers": [{"name": "app", "resources": NEW}],
        "initContainers": [{"name": "proxy", "resources": NEW}],
    }


@pytest.mark.parametrize(
    ("kind", "obj", "expected"),
    [
        pytest.param("Deployment", owner("Deployment"), False, id="deployment"),
        pytest.param("Deployment", paused(NEW), True, id="paused by a run"),
        pytest.param("Deployment", paused(NEW, "kubectl-rollout"), False, id="paused by a user"),
        pytest.param("StatefulSet", owner("StatefulSet"), False, id="statefulset"),
        pytest.param("StatefulSet", held("StatefulSet", NEW), True, id="held"),
        pytest.param("DaemonSet", owner("DaemonSet", updateStrategy={"type": "OnDelete"}), False, id="on delete"),
    ],
)  # fmt: skip
def test_an_unfinished_run_is_recognized(kind: str, obj: Json, expected: bool) -> None:
    assert is_held(kind, obj) is expected


def test_the_last_writers_of_a_field_are_found() -> None:
    obj = owner("Deployment")
    path = ("spec", "template", "spec", "containers", "app", "resources", "limits", "memory")
    fields = [f"f:{each}" for each in path]
    fields[4] = 'k:{"name":"app"}'
    obj["metadata"]["managedFields"] = [
        written_by("kubectl", *fields),
        written_by("terraform", *fields[:-1], "f:cpu"),
        {"manager": "old"},
    ]
    assert managers_of(obj, path) == ["kubectl"]
    assert managers_of(owner("Deployment"), path) == []
    assert template_of("Deployment", obj) == template()
