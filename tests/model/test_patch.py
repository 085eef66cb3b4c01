"""The patch builder: whatever is missing, the operations apply."""

from __future__ import annotations

import copy

import jsonpatch
import pytest

from tests.support.pods import Json, yaml
from webhook.model.patch import Path, Write, operations
from webhook.model.pod import pod_view

LIMIT = Write(("spec", "containers", 0, "resources", "limits", "memory"), "1Gi")
TOLERATION = Write(("spec", "tolerations"), {"key": "a"}, append=True)
ANNOTATION = Write(("metadata", "annotations", "podtailor.dev/a~b"), "x")


@pytest.mark.parametrize(
    ("before", "write", "op", "path"),
    [
        ("spec: {containers: [{}]}", LIMIT, "add", "/spec/containers/0/resources"),
        ("spec: {containers: [{resources: null}]}", LIMIT, "add", "/spec/containers/0/resources"),
        ("spec: {containers: [{resources: {}}]}", LIMIT, "add", "/spec/containers/0/resources/limits"),
        (
            "spec: {containers: [{resources: {limits: null}}]}",
            LIMIT,
            "add",
            "/spec/containers/0/resources/limits",
        ),
        (
            "spec: {containers: [{resources: {limits: {}}}]}",
            LIMIT,
            "add",
            "/spec/containers/0/resources/limits/memory",
        ),
        (
            "spec: {containers: [{resources: {limits: {memory: 1}}}]}",
            LIMIT,
            "replace",
            "/spec/containers/0/resources/limits/memory",
        ),
        ("spec: {}", TOLERATION, "add", "/spec/tolerations"),
        ("spec: {tolerations: []}", TOLERATION, "add", "/spec/tolerations/-"),
        ("spec: {}", ANNOTATION, "add", "/metadata"),
        ("metadata: {annotations: {b: c}}", ANNOTATION, "add", "/metadata/annotations/podtailor.dev~1a~0b"),
    ],
)
def test_operations_apply_whatever_is_missing(before: str, write: Write, op: str, path: str) -> None:
    pod: Json = yaml(before)
    ops = operations([write], pod_view(pod))
    assert [(each["op"], each["path"]) for each in ops] == [(op, path)]
    assert _at(jsonpatch.apply_patch(copy.deepcopy(pod), ops), write.path, append=write.append) == write.value


def test_writes_below_one_missing_parent_become_one_operation() -> None:
    other = Write((*LIMIT.path[:-2], "requests", "cpu"), "1")
    ops = operations([LIMIT, other], pod_view(yaml("spec: {containers: [{}]}")))
    assert ops == [
        {
            "op": "add",
            "path": "/spec/containers/0/resources",
            "value": {"limits": {"memory": "1Gi"}, "requests": {"cpu": "1"}},
        }
    ]


_NODE_AFFINITY = ("spec", "affinity", "nodeAffinity")


def test_index_into_a_missing_list_makes_its_first_item() -> None:
    terms = (*_NODE_AFFINITY, "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    path = (*terms, 0, "matchExpressions")
    preferred = (*_NODE_AFFINITY, "preferredDuringSchedulingIgnoredDuringExecution")
    writes = [
        Write(path, {"key": "a"}, append=True),
        Write(path, {"key": "b"}, append=True),
        Write(preferred, {"weight": 1}, append=True),
    ]
    added = {
        "requiredDuringSchedulingIgnoredDuringExecution": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "a"}, {"key": "b"}]}]
        },
        "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 1}],
    }
    pods: tuple[Json, ...] = (
        {"spec": {}},
        {"spec": {"affinity": {}}},
        {"spec": {"affinity": {"nodeAffinity": None}}},
    )
    for pod in pods:
        for order in (writes, [writes[2], *writes[:2]]):
            ops = operations(order, pod_view(pod))
            after = jsonpatch.apply_patch(copy.deepcopy(pod), ops)
            assert after["spec"]["affinity"]["nodeAffinity"] == added
            assert len(ops) == 1
    assert [write.value for write in writes] == [{"key": "a"}, {"key": "b"}, {"weight": 1}]


def test_operations_of_a_template_stand_below_its_path() -> None:
    ops = operations([TOLERATION], pod_view({"spec": {}}), ("items", 3, "spec", "template"))
    assert [op["path"] for op in ops] == ["/items/3/spec/template/spec/tolerations"]


def _at(node: object, path: Path, *, append: bool) -> object:
    for step in path:
        node = node[step]  # type: ignore[index]  # any JSON
    return node[-1] if append else node  # type: ignore[index]  # a list then
