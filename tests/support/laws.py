"""The laws: what holds for every Pod and every policy.

`hold_for` checks them all.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonpatch

from tests.support.pods import Json, decide
from webhook.edits import EDITS
from webhook.edits.resources import bounds
from webhook.engine.snapshot import Snapshot
from webhook.model import quantity
from webhook.model.declared import LAST_APPLIED
from webhook.model.images import repository
from webhook.model.names import APPLIED
from webhook.model.policy import Bounds, Scope


def hold_for(before: Json, snapshot: Snapshot) -> Json:
    """Check every law for one Pod, and return the patched Pod."""
    untouched = copy.deepcopy(before)
    decision = decide(before, snapshot)
    assert before == untouched, "the input is not touched"
    assert {op["op"] for op in decision.patch} <= {"add", "replace"}, "only add and replace"
    after: Json = jsonpatch.apply_patch(copy.deepcopy(before), decision.patch)
    assert decide(before, snapshot).patch == decision.patch, "the same input gives the same patch"
    assert decide(defaulted(after), snapshot).patch == [], "a second review changes nothing"
    _everything_kept(before, after, ())
    _added_only_where_allowed(before, after)
    _valid_where_it_was(before, after)
    _applies_again(before, after)
    return after


def keeps_bounds(limits: Bounds, before: Json, after: Json, scope: Scope) -> None:
    """Assigned values violate no bound: what is violated afterwards, the Pod violated before."""
    for old, new in zip(_containers(defaulted(before)), _containers(after), strict=True):
        if scope.covers(old["name"], repository(old["image"])):
            for resource in bounds.resources(limits):
                was, now = (
                    set(bounds.violated(limits, resource, *_amounts(each, resource))) for each in (old, new)
                )
                assert now <= was, (limits, new)


def _amounts(container: Json, resource: str) -> tuple[quantity.Quantity | None, quantity.Quantity | None]:
    resources = container.get("resources") or {}
    sides = (resources.get("requests") or {}, resources.get("limits") or {})
    request, limit = (quantity.read(side[resource]) if resource in side else None for side in sides)
    return request, limit


def defaulted(pod: Json) -> Json:
    """As the API server stores the Pod: a limit without a request is the request too."""
    made = copy.deepcopy(pod)
    for container in _containers(made):
        resources = container.get("resources") or {}
        if resources.get("limits"):
            resources["requests"] = {**resources["limits"], **(resources.get("requests") or {})}
    return made


def _everything_kept(before: Any, after: Any, path: tuple[str | int, ...]) -> None:
    """Each value of the Pod stays, unknown fields included; lists only grow at their end."""
    if isinstance(before, dict):
        assert isinstance(after, dict), path
        for key, value in before.items():
            assert key in after, (*path, key)
            if key != APPLIED:
                _everything_kept(value, after[key], (*path, key))
    elif isinstance(before, list):
        assert isinstance(after, list), path
        assert len(after) >= len(before), path
        for index, value in enumerate(before):
            _everything_kept(value, after[index], (*path, index))
    elif before is not None:  # null is a field that is not set
        assert after == before, path


_PATHS = [field.split(".") for edit in EDITS for field in edit.fields]
_OPEN_POD_FIELDS = {path[1] for path in _PATHS if "[*]" not in path[1]}
_OPEN_CONTAINER_FIELDS = {path[2] for path in _PATHS if path[1] in ("containers[*]", "initContainers[*]")}


def _added_only_where_allowed(before: Json, after: Json) -> None:
    assert set(after) <= set(before) | {"metadata"}
    old_spec, new_spec = before.get("spec") or {}, after.get("spec") or {}
    assert {key for key in new_spec if new_spec[key] != old_spec.get(key)} <= {
        *_OPEN_POD_FIELDS,
        "containers",
        "initContainers",
    }
    old_affinity, new_affinity = old_spec.get("affinity") or {}, new_spec.get("affinity") or {}
    assert {key for key in new_affinity if new_affinity[key] != old_affinity.get(key)} <= {"nodeAffinity"}
    for old, new in zip(_containers(before), _containers(after), strict=True):
        assert {key for key in new if new[key] != old.get(key)} <= _OPEN_CONTAINER_FIELDS


def _valid_where_it_was(before: Json, after: Json) -> None:
    """What the API server checks of the fields that we write (`validation.go`), where it held before."""
    spec = after.get("spec") or {}
    for old, new in zip(_containers(before), _containers(after), strict=True):
        if not _resources_wrong(old):
            assert not _resources_wrong(new), new
        entries = new.get("resizePolicy") or []
        names = [entry["resourceName"] for entry in entries]
        if len(names) != len(set(names)):
            assert entries == old.get("resizePolicy"), "no duplicate entry is ours"
        if entries != old.get("resizePolicy"):
            added = entries[len(old.get("resizePolicy") or []) :]
            assert {entry["restartPolicy"] for entry in added} <= {"NotRequired", "RestartContainer"}
            never = "Never" in (spec.get("restartPolicy"), new.get("restartPolicy"))
            assert not (never and any(entry["restartPolicy"] == "RestartContainer" for entry in added))
    preferred = _node_affinity(after).get("preferredDuringSchedulingIgnoredDuringExecution") or []
    assert all(1 <= each["weight"] <= 100 for each in preferred)
    terms = (_node_affinity(after).get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get(
        "nodeSelectorTerms"
    )
    for term in (*(terms or ()), *(each["preference"] for each in preferred)):
        for each in term.get("matchExpressions") or ():
            assert bool(each.get("values")) == (each["operator"] not in ("Exists", "DoesNotExist"))
    init = spec.get("initContainers") or []
    for old, new in zip((before.get("spec") or {}).get("initContainers") or [], init, strict=True):
        if new.get("restartPolicy") != "Always":
            assert new.get("resizePolicy") == old.get("resizePolicy"), (
                "ordinary init containers stay as they are"
            )


def _applies_again(before: Json, after: Json) -> None:
    """Lists that kubectl applied to a Pod without controller have not grown."""
    metadata = before.get("metadata") or {}
    text = (metadata.get("annotations") or {}).get(LAST_APPLIED) or ""
    if metadata.get("ownerReferences") or not text.startswith("{"):
        return
    applied = json.loads(text).get("spec") or {}
    if "tolerations" in applied:
        assert after["spec"].get("tolerations") == before["spec"].get("tolerations")
    for key in (applied.get("affinity") or {}).get("nodeAffinity") or {}:
        assert _node_affinity(after).get(key) == _node_affinity(before).get(key)
    for name in [each["name"] for each in applied.get("containers") or [] if "resizePolicy" in each]:
        old, new = (
            next((each.get("resizePolicy") for each in _containers(pod) if each["name"] == name), None)
            for pod in (before, after)
        )
        assert new == old


def _node_affinity(pod: Json) -> Json:
    affinity: Json = ((pod.get("spec") or {}).get("affinity") or {}).get("nodeAffinity") or {}
    return affinity


def _resources_wrong(container: Json) -> bool:
    resources = container.get("resources") or {}
    requests, limits = resources.get("requests") or {}, resources.get("limits") or {}
    amounts = {name: quantity.read(limits[name]) for name in limits}
    return any(
        (limit := amounts.get(name)) is not None
        and (request := quantity.read(raw)) is not None
        and request.milli > limit.milli
        for name, raw in requests.items()
    )


def _containers(pod: Json) -> Iterator[Json]:
    spec = pod.get("spec") or {}
    yield from spec.get("containers") or []
    yield from spec.get("initContainers") or []
