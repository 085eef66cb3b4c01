"""What an owner says about the Pods that it makes, in its own JSON. Pure.

Templates are compared whole, as their controllers compare them: so they are kept as they are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from webhook.model.names import QOS_RESOURCES
from webhook.model.pod_resources import SIDES
from webhook.resize.pod import Container, Values, resources_of, values_of

Json = dict[str, Any]
FIELD_MANAGER = "podtailor-resize"
HELD = "podtailor.dev/resize"
"""An annotation: the updateStrategy that an unfinished run restores when it goes on."""
_HASH = "pod-template-hash"
_CONTAINERS = ("containers", "initContainers")


def template_path(kind: str) -> tuple[str, ...]:
    return ("spec", "jobTemplate", "spec", "template") if kind == "CronJob" else ("spec", "template")


def template_of(kind: str, obj: Json) -> Json:
    for step in template_path(kind):
        obj = obj[step]
    return obj


def containers_of(template: Json) -> Iterator[tuple[str, Json]]:
    """Each with the name of the list that it is in."""
    for key in _CONTAINERS:
        for container in template["spec"].get(key) or ():
            yield key, container


def declared(template: Json) -> Values:
    """The CPU and memory of its containers."""
    return values_of(msgspec.convert(each, Container) for _, each in containers_of(template))


def missing(present: Values, wanted: Values) -> Values:
    """What of the wanted values is not there, or is another."""
    return {
        field: value
        for field, value in wanted.items()
        if field not in present or present[field].milli != value.milli
    }


def with_values(template: Json, values: Values) -> Json:
    """A copy of the template with these values."""
    copy = {**template, "spec": {**template["spec"]}}
    for key in _CONTAINERS:
        if template["spec"].get(key):
            copy["spec"][key] = [_resized(each, values) for each in template["spec"][key]]
    return copy


def _resized(container: Json, values: Values) -> Json:
    resources = {**(container.get("resources") or {})}
    for side, amounts in resources_of(container["name"], values).items():
        resources[side] = {**(resources.get(side) or {}), **amounts}
    return {**container, "resources": resources}


def template_patch(kind: str, template: Json, values: Values) -> Json:
    """A strategic merge patch of the object around the template."""
    spec: Json = {}
    for key, container in containers_of(template):
        resources = resources_of(container["name"], values)
        if resources:
            spec.setdefault(key, []).append({"name": container["name"], "resources": resources})
    patch: Json = {"spec": spec}
    for step in reversed(template_path(kind)):
        patch = {step: patch}
    return patch


def is_same(one: Json, other: Json) -> bool:
    """Whether a Deployment takes a ReplicaSet with one template as its own with the other.

    As `EqualIgnoreHash` in k8s.io/kubernetes `pkg/controller/deployment/util/deployment_util.go`.
    """
    return _rest(one) == _rest(other) and not (
        missing(declared(one), declared(other)) or missing(declared(other), declared(one))
    )


def differs_in_size_only(one: Json, other: Json) -> bool:
    """Also if they do not differ at all."""
    return _rest(one) == _rest(other)


def _rest(template: Json) -> Json:
    """Without CPU and memory, and without what only says where the template stands."""
    metadata = template.get("metadata") or {}
    labels = {key: value for key, value in (metadata.get("labels") or {}).items() if key != _HASH}
    spec = {**template["spec"]}
    for key in _CONTAINERS:
        spec[key] = [_without_sizes(each) for each in template["spec"].get(key) or ()]
    return {"labels": labels, "annotations": metadata.get("annotations") or {}, "spec": spec}


def _without_sizes(container: Json) -> Json:
    resources = {
        key: {name: each for name, each in value.items() if name not in QOS_RESOURCES}
        if key in SIDES
        else value
        for key, value in (container.get("resources") or {}).items()
    }
    return {**container, "resources": {key: value for key, value in resources.items() if value}}


def annotations_of(obj: Json) -> Mapping[str, str]:
    return obj["metadata"].get("annotations") or {}


def is_held(kind: str, obj: Json) -> bool:
    """Whether an unfinished run keeps the controller from replacing Pods."""
    if kind == "Deployment":
        is_ours = FIELD_MANAGER in managers_of(obj, ("spec", "paused"))
        return bool(obj["spec"].get("paused")) and is_ours
    return HELD in annotations_of(obj)


def managers_of(obj: Json, path: tuple[str, ...]) -> list[str]:
    """Who has written a field last: `metadata.managedFields` of structured merge.

    `path`: keys as in the object; the containers of a Pod are named.
    """
    managers = []
    for entry in obj["metadata"].get("managedFields") or ():
        tree: Any = entry.get("fieldsV1") or {}
        for step in path:
            tree = tree.get(f"f:{step}", tree.get(f'k:{{"name":"{step}"}}'))
            if tree is None:
                break
        else:
            managers.append(entry.get("manager") or "")
    return managers
