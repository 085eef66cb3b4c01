"""A diff of only the fields that change: the other hundred lines of a Pod would hide them."""

from __future__ import annotations

import difflib
from functools import lru_cache
from typing import Any

import jsonpatch
import msgspec

from webhook.documents import yaml_dump
from webhook.engine.apply import Outcome
from webhook.model.pod import PodView

_CONTAINERS = ("containers", "initContainers")
# The name, and what edits write.
CONTAINER_FIELDS = ("name", "resources", "resizePolicy")


def diff_of(pod: PodView, outcome: Outcome) -> str:
    """What `outcome` does to the Pod or template, as a unified diff of YAML; empty if it does nothing."""
    if not outcome.writes:
        return ""
    before = _without_nulls(msgspec.to_builtins(pod))
    after = jsonpatch.apply_patch(before, outcome.operations(pod))
    paths = [write.path for write in outcome.writes]
    lines = difflib.unified_diff(
        _yaml_lines(msgspec.json.encode(_changed_fields(before, paths))),
        _yaml_lines(msgspec.json.encode(_changed_fields(after, paths))),
        lineterm="",
        n=100,
    )
    return "\n".join(line for line in lines if not line.startswith(("---", "+++", "@@")))


@lru_cache(maxsize=1024)
def _yaml_lines(excerpt: bytes) -> list[str]:
    """Cached: thousands of owners have the same excerpt, and writing YAML is slow."""
    return yaml_dump.dump(msgspec.json.decode(excerpt)).splitlines()


def _changed_fields(pod: dict[str, Any], paths: list[tuple[str | int, ...]]) -> dict[str, Any]:
    """The resources of changed containers, and the other changed fields of the spec."""
    excerpt: dict[str, Any] = {}
    for _, field, *rest in (path for path in paths if path[0] == "spec"):  # not the annotation about it
        value = pod["spec"].get(field)
        if field not in _CONTAINERS:
            excerpt |= {str(field): value} if value else {}
            continue
        container = value[rest[0]]
        shown = {key: container[key] for key in CONTAINER_FIELDS if container.get(key)}
        excerpt.setdefault(str(field), {})[shown["name"]] = shown
    return {field: [*each.values()] if field in _CONTAINERS else each for field, each in excerpt.items()}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
