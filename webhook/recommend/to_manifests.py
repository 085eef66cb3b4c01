"""Recommendations as changes of manifests: as writes for a file, or as patches for kustomize. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from webhook.model.patch import Write
from webhook.model.pod import NO_RESOURCES, NO_SPEC, PodView
from webhook.model.pod_resources import SIDES
from webhook.model.quantity import of_milli, read
from webhook.recommend.reasons import Name
from webhook.recommend.recommend import Recommendation
from webhook.workloads.templates import template_path

Json = dict[str, Any]
_MEASURED = (Name.QUANTILE, Name.PEAK, Name.SMALL_CHANGE, Name.OOM_KILLED)
"""With these, what live Pods have and keep is recommended too. Otherwise it only stays."""


def writes(template: PodView, found: Iterable[Recommendation]) -> Iterator[Write]:
    """What a template lacks of the recommendations for its owner; containers that it has not get nothing."""
    spec = template.spec or NO_SPEC
    by_container = {each.container: each for each in found}
    for key, containers in (("containers", spec.containers), ("initContainers", spec.initContainers)):
        for index, view in enumerate(containers or ()):
            resources = view.resources or NO_RESOURCES
            written = {"requests": resources.requests, "limits": resources.limits}
            for side, resource, value in _changes(by_container.get(view.name), written):
                yield Write(("spec", key, index, "resources", side, resource), of_milli(value).text)


def patch(obj: Json, found: Iterable[Recommendation]) -> Json | None:
    """A strategic merge patch of a whole object; None if there is nothing to change in it.

    `obj` is the manifest, or the object of the cluster.
    """
    at = template_path(obj)
    if at is None:
        return None
    spec = obj
    for step in (*at, "spec"):
        spec = spec[str(step)]
    by_container = {each.container: each for each in found}
    changed: Json = {}
    for key in ("containers", "initContainers"):
        for container in spec.get(key) or ():
            resources: Json = {}
            written = container.get("resources") or {}
            for side, resource, value in _changes(by_container.get(container.get("name")), written):
                resources.setdefault(side, {})[resource] = of_milli(value).text
            if resources:
                changed.setdefault(key, []).append({"name": container["name"], "resources": resources})
    if not changed:
        return None
    body: Json = {"spec": changed}
    for step in reversed(at):
        body = {str(step): body}
    metadata = {key: obj["metadata"][key] for key in ("name", "namespace") if obj["metadata"].get(key)}
    return {"apiVersion": obj["apiVersion"], "kind": obj["kind"], "metadata": metadata, **body}


def _changes(found: Recommendation | None, written: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """By what the template says: live Pods may have been resized, and new ones would undo that."""
    for resource, advice in found.advice.items() if found else ():
        changed = advice.before.changed(advice.after)
        for side, new, after in zip(SIDES, changed, advice.after, strict=True):
            amounts = written.get(side) or {}
            amount = read(amounts[resource]) if resource in amounts else None
            value = after if amount and advice.why.name in _MEASURED else new
            if value is not None and not (amount and amount.milli == value):
                yield side, resource, value
