"""A diff of the fields that change, and of those alone: a Pod's other hundred lines say nothing here."""

from __future__ import annotations

import difflib
from functools import lru_cache
from typing import Any

import jsonpatch
import msgspec

from webhook.documents.yaml_tree import written
from webhook.engine.apply import Outcome
from webhook.model.pod import PodView

_CONTAINERS = ("containers", "initContainers")
_KEPT = ("name", "resources", "resizePolicy")


def diff_of(pod: PodView, outcome: Outcome) -> str:
    """What `outcome` does to the Pod or template, as a unified diff of YAML; empty where it does nothing."""
    if not outcome.writes:
        return ""
    before = _without_nulls(msgspec.to_builtins(pod))
    after = jsonpatch.apply_patch(before, outcome.operations(pod))
    paths = [write.path for write in outcome.writes]
    lines = difflib.unified_diff(
        _lines(msgspec.json.encode(_touched(before, paths))),
        _lines(msgspec.json.encode(_touched(after, paths))),
        lineterm="",
        n=100,
    )
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


@lru_cache(maxsize=1024)
def _lines(excerpt: bytes) -> list[str]:
    """JSON as lines of YAML. Thousands of owners are given the same, and YAML is slow to write."""
    return written(msgspec.json.decode(excerpt)).splitlines()


def _touched(pod: dict[str, Any], paths: list[tuple[str | int, ...]]) -> dict[str, Any]:
    """Of containers that are written to their sizes, of everything else what is written to."""
    made: dict[str, Any] = {}
    for _, field, *rest in (path for path in paths if path[0] == "spec"):  # not the annotation about it
        there = pod["spec"].get(field)
        if field not in _CONTAINERS:
            made |= {str(field): there} if there else {}
            continue
        container = there[rest[0]]
        shown = {key: container[key] for key in _KEPT if container.get(key)}
        made.setdefault(str(field), {})[shown["name"]] = shown
    return {field: [*each.values()] if field in _CONTAINERS else each for field, each in made.items()}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
