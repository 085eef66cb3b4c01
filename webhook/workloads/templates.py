"""The Pod templates of objects, and the Pods that webhooks would see for them.

A controller adds an owner and labels to the Pods of its template (k8s.io/kubernetes `pkg/controller/...`).
Without them, a template could match other policies than its Pods do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Struct, structs

from webhook.model.patch import Path
from webhook.model.pod import NO_METADATA, OwnerReference, PodView, pod_view
from webhook.model.type_words import plain, wrong_type

_SPEC_TEMPLATE: Path = ("spec", "template")
# (API group, kind) -> path of the Pod or its template.
_TEMPLATES: dict[tuple[str, str], Path] = {
    ("", "Pod"): (),
    ("", "PodTemplate"): ("template",),
    ("", "ReplicationController"): _SPEC_TEMPLATE,
    ("apps", "DaemonSet"): _SPEC_TEMPLATE,
    ("apps", "Deployment"): _SPEC_TEMPLATE,
    ("apps", "ReplicaSet"): _SPEC_TEMPLATE,
    ("apps", "StatefulSet"): _SPEC_TEMPLATE,
    ("batch", "CronJob"): ("spec", "jobTemplate", "spec", "template"),
    ("batch", "Job"): _SPEC_TEMPLATE,
}
# The kind that owns the Pods, if it is not the object's own; None if the Pods have no owner.
_OWNERS = {"Pod": None, "PodTemplate": None, "Deployment": "ReplicaSet", "CronJob": "Job"}
# Labels that the controller adds to its Pods, with empty values: only a cluster knows them.
_LABELS = {
    "DaemonSet": ("controller-revision-hash", "pod-template-generation"),
    "Deployment": ("pod-template-hash",),
    "Job": ("batch.kubernetes.io/job-name", "job-name"),
    "CronJob": ("batch.kubernetes.io/job-name", "job-name"),
    "StatefulSet": (
        "apps.kubernetes.io/pod-index",
        "controller-revision-hash",
        "statefulset.kubernetes.io/pod-name",
    ),
}


class UnreadableError(Exception):
    """A field that the API server would reject, with its path in the object."""

    def __init__(self, location: Path, message: str) -> None:
        super().__init__(message)
        self.location = location


class Manifest(Struct, frozen=True, kw_only=True):
    """A Pod or Pod template in an object."""

    kind: str
    name: str
    namespace: str | None
    at: Path
    """The path of the Pod or its template in the object; `()` for a Pod."""
    template: PodView
    """As written: patches are for this."""
    admitted: PodView
    """As webhooks would see the Pod: this is evaluated."""


def template_path(obj: dict[str, Any]) -> Path | None:
    """The path of the Pod or its template in a Kubernetes object; None for kinds without Pods."""
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    return _TEMPLATES.get((group, str(obj.get("kind"))))


def manifests_of(obj: dict[str, Any], paths: Iterable[Path] = ()) -> list[Manifest]:
    """The Pods and Pod templates of an object; none for objects without Pods.

    `paths` are the paths of the templates in a kind that is not Kubernetes' own; `*` steps through a list.
    Raises UnreadableError for a field that the API server would reject.
    """
    known = template_path(obj)
    if known is not None:
        _has_mapping(obj, known)
    paths = tuple(paths) or (() if known is None else (known,))
    return [_manifest(obj, at, pod) for path in paths for at, pod in at_path(obj, path)]


def _has_mapping(obj: dict[str, Any], path: Path) -> bool:
    """Whether there is one at the path. Raises UnreadableError for another value there, or on the way."""
    value: Any = obj
    for depth, step in enumerate(path, 1):
        value = value.get(str(step))
        if value is None:
            return False
        if not isinstance(value, dict):
            raise UnreadableError(path[:depth], wrong_type("object", type(value).__name__))
    return True


def at_path(obj: Any, path: Path, at: Path = ()) -> Iterator[tuple[Path, dict[str, Any]]]:
    """The mappings at a path, each with its own path, in which an index replaces each `*`."""
    if not path:
        if isinstance(obj, dict):
            yield at, obj
        return
    step, *rest = path
    if step == "*":
        for index, item in enumerate(obj if isinstance(obj, list) else ()):
            yield from at_path(item, tuple(rest), (*at, index))
    elif isinstance(obj, dict):
        yield from at_path(obj.get(str(step)), tuple(rest), (*at, step))


def _manifest(obj: dict[str, Any], at: Path, pod: dict[str, Any]) -> Manifest:
    template = _view(pod, at)
    metadata = _view({"metadata": obj.get("metadata")}, ()).metadata or NO_METADATA
    name = metadata.name or metadata.generateName or ""
    return Manifest(
        kind=obj["kind"],
        name=name,
        namespace=metadata.namespace,
        at=at,
        template=template,
        admitted=_created(template, obj["kind"], name),
    )


def missing_template(obj: dict[str, Any]) -> Path | None:
    """Where the Pod template should be, in an object of Kubernetes' own kinds that has none."""
    path = template_path(obj)
    try:
        return None if path is None or _has_mapping(obj, path) else path
    except UnreadableError:  # as manifests_of says
        return None


def similar_kind(obj: dict[str, Any]) -> str | None:
    """The kind with Pods that is meant, of one that differs in upper and lower case only."""
    group = str(obj.get("apiVersion") or "").rpartition("/")[0]
    kind = str(obj.get("kind"))
    similar = (each for of, each in _TEMPLATES if of == group and each.lower() == kind.lower())
    return next((each for each in similar if each != kind), None)


def unknown_templates(obj: dict[str, Any]) -> list[Path]:
    """Paths of likely Pod templates in a kind that is not Kubernetes' own; `*` steps through a list."""
    if template_path(obj) is not None or "/" not in str(obj.get("apiVersion")):
        return []
    return list(dict.fromkeys(_templates_below(obj.get("spec"), ("spec",))))


def _templates_below(value: Any, path: Path) -> Iterator[Path]:
    if isinstance(value, list):
        for item in value:
            yield from _templates_below(item, (*path, "*"))
    elif isinstance(value, dict):
        if str(path[-1]).lower().endswith("template") and _has_containers(value.get("spec")):
            yield path
            return
        for key, inner in value.items():
            yield from _templates_below(inner, (*path, key))


def _has_containers(spec: Any) -> bool:
    containers = spec.get("containers") if isinstance(spec, dict) else None
    return isinstance(containers, list) and any(isinstance(each, dict) for each in containers)


def _view(pod: dict[str, Any], at: Path) -> PodView:
    try:
        return pod_view(pod)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        steps = re.findall(r"\.([^.\[`]+)|\[(\d+)\]", path.removesuffix("[...]`"))
        location = tuple(int(index) if index else key for key, index in steps)
        if path.endswith("[...]`"):  # in a map, and msgspec does not name the key
            invalid = _invalid_entry(pod, location)
            if invalid is not None:
                key, words = invalid
                raise UnreadableError((*at, *location, key), words) from error
        raise UnreadableError((*at, *location), plain(message)) from error


def _invalid_entry(pod: Any, location: Path) -> tuple[str, str] | None:
    """The first key of the map at `location` without a string (or, of amounts, a number), and a message."""
    for step in location:
        pod = pod[step]
    is_amounts = location[-1] in ("limits", "requests")
    wanted, allowed = ("quantity", {str, int, float}) if is_amounts else ("str", {str})
    invalid = ((key, type(value)) for key, value in pod.items() if value is not None)
    return next(
        ((key, wrong_type(wanted, kind.__name__)) for key, kind in invalid if kind not in allowed), None
    )


def _created(template: PodView, kind: str, name: str) -> PodView:
    """The Pod as its controller would create it."""
    owner = _OWNERS.get(kind, kind)
    if owner is None:
        return template
    metadata = template.metadata or NO_METADATA
    labels = {**dict.fromkeys(_LABELS.get(kind, ()), ""), **(metadata.labels or {})}
    return structs.replace(
        template,
        metadata=structs.replace(
            metadata,
            generateName=f"{name}-",
            labels=labels,
            ownerReferences=[OwnerReference(owner, name, controller=True)],
        ),
    )
