"""Recommendations as WorkloadPolicies in mode Audit: for fields that the template leaves open. Pure.

A policy sets what a Pod leaves open when it is created, so only that is written. What would have no effect is
named instead.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, product
from typing import Any, NamedTuple

from msgspec import Struct

from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import NO_METADATA, NO_RESOURCES, NO_SPEC, ContainerView, PodView, effective_requests
from webhook.model.pod_resources import SIDES
from webhook.model.quantity import of_milli
from webhook.model.subject import labels_of
from webhook.recommend.recommend import Recommendation
from webhook.resize.pod import Field
from webhook.workloads.workload import Ref, Workload

Json = dict[str, Any]
# Of a namespace, the oldest are in force (`cluster/policy_objects.py`).
MAX_POLICIES = 20
_MAX_NAME = 253
_HASH = 10
"""Hexadecimal digits."""
# Of `match.ownerKinds`; Pods of other kinds are selected by their labels alone.
_OWNER_KINDS = ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Pod", "ReplicationController")
_INJECTORS = {
    "istio-proxy": "annotations of the Pod set it: sidecar.istio.io/proxyCPU, proxyMemory, proxyCPULimit, "
    "proxyMemoryLimit",
    "linkerd-proxy": "annotations of the Pod set it: config.linkerd.io/proxy-cpu-request, "
    "proxy-memory-request, proxy-cpu-limit, proxy-memory-limit",
}


class Template(Struct, frozen=True):
    """The template of an owner, and the labels by which the owner selects its Pods."""

    workload: Workload
    selector: Mapping[str, str] = {}
    """Empty: the labels of the template, as of a Job or a CronJob."""


class NoEffect(Struct, frozen=True):
    """A line that is not written, because no policy could set it."""

    owner: Ref
    field: Field
    value: str
    why: str


class Images(Struct, frozen=True):
    """What is to be set by image, where owners share one."""

    repositories: Mapping[tuple[Ref, str], str]
    """By owner and container."""
    is_whole: bool
    """Whether all of the cluster was looked at; otherwise the namespaces of the owners are named."""


class _Part(NamedTuple):
    """A container, and the values that a policy could set for it."""

    found: Recommendation
    template: Template | None
    values: dict[Field, int]


class Policies(Struct, frozen=True):
    documents: tuple[Json, ...]
    without_effect: tuple[NoEffect, ...]
    crowded: tuple[str, ...] = ()
    """Namespaces for which there are more documents than can be in force."""


def to_policies(
    found: Iterable[Recommendation], templates: Mapping[Ref, Template], images: Images | None = None
) -> Policies:
    """One for each container, as containers of one Pod get different values; or first one for each image."""
    parts: list[_Part] = []
    skipped: list[NoEffect] = []
    for each in found:
        template = templates.get(each.owner)
        values = dict(_values(each))
        blocked = {field: why for field in values if (why := _blocked(template, field))}
        skipped += (
            NoEffect(each.owner, field, of_milli(values[field]).text, why) for field, why in blocked.items()
        )
        left = {field: value for field, value in values.items() if field not in blocked}
        parts.append(_Part(each, template, left))
    documents = list(_of_images(parts, images)) if images else []
    for each, template, values in parts:
        if not values or not template:
            continue
        if why := _selects_others(each, template, templates):
            skipped += (
                NoEffect(each.owner, field, of_milli(amount).text, why) for field, amount in values.items()
            )
            continue
        documents.append(_document(each, template, _with_rest(each, template, values)))
    counts = Counter(each["metadata"].get("namespace", "") for each in documents)
    del counts[""]  # of the cluster
    crowded = tuple(sorted(name for name, number in counts.items() if number > MAX_POLICIES))
    return Policies(tuple(documents), tuple(skipped), crowded)


def _of_images(parts: Iterable[_Part], images: Images) -> Iterator[Json]:
    """For the values that all owners of an image need: the highest. What is taken is taken from the parts.

    A value that one of them would get and does not need, or of which that is not known, is set for none.
    """
    groups: dict[str, list[_Part]] = {}
    for each in parts:
        image = images.repositories.get((each.found.owner, each.found.container))
        if image:
            groups.setdefault(image, []).append(each)
    names: set[str] = set()
    for image, group in sorted(groups.items()):
        shared: dict[Field, int] = {}
        for side, resource in product(SIDES, QOS_RESOURCES):
            fields = [(each, Field(each.found.container, side, resource)) for each in group]
            would_get = [(each, field) for each, field in fields if not _blocked(each.template, field)]
            owners = {each.found.owner for each, _ in would_get}
            if len(owners) > 1 and all(field in each.values for each, field in would_get):
                amounts = [each.values.pop(field) for each, field in would_get]
                shared[Field("", side, resource)] = max(amounts)
        if shared:
            namespaces = sorted({each.found.owner.namespace for each in group})
            base = re.sub(r"[^a-z0-9.]+", "-", f"image-{image.lower()}")[: _MAX_NAME - 4].rstrip("-.")
            # Other characters may have been in the place of a dash.
            every = (f"{base}-{number}" if number > 1 else base for number in count(1))
            name = next(each for each in every if each not in names)
            names.add(name)
            yield _image_document(name, image, shared, () if images.is_whole else namespaces)


def _image_document(name: str, image: str, values: Mapping[Field, int], namespaces: Sequence[str]) -> Json:
    match: Json = {"images": [image]}
    if namespaces:
        selected = {"key": "kubernetes.io/metadata.name", "operator": "In", "values": list(namespaces)}
        match = {"namespaceSelector": {"matchExpressions": [selected]}, **match}
    return {
        "apiVersion": "podtailor.dev/v1alpha1",
        "kind": "ClusterWorkloadPolicy",
        "metadata": {"name": name},
        "spec": {
            "mode": "Audit",
            "match": match,
            "containers": {"images": [image]},
            "resources": {"limits": [_item(values)]},
        },
    }


def _values(found: Recommendation) -> Iterator[tuple[Field, int]]:
    """What is to change."""
    for resource, advice in found.advice.items():
        for side, after in zip(SIDES, advice.before.changed(advice.after), strict=True):
            if after is not None:
                yield Field(found.container, side, resource), after


def _with_rest(found: Recommendation, template: Template, values: Mapping[Field, int]) -> dict[Field, int]:
    """With what stays: a policy of the same name may set it, and this one takes its place."""
    rest = {
        field: after
        for resource, advice in found.advice.items()
        for side, before, after in zip(SIDES, advice.before, advice.after, strict=True)
        if after is not None
        and after == before
        and not _blocked(template, field := Field(found.container, side, resource))
    }
    return rest | dict(values)


def _blocked(template: Template | None, field: Field) -> str:
    """Why a policy could not set the field of new Pods; empty if it could."""
    if field.container in _INJECTORS and not _container(template, field.container):
        return _INJECTORS[field.container]
    if template is None or not (container := _container(template, field.container)):
        return "it is not in the template: what injects the container decides"
    if not _labels(template):
        return "its template has no labels by which a policy could select its Pods"
    written = _container(template, field.container, written=True)
    if field.resource in _side(written, field):
        return "the template sets it"
    if field.resource in _side(container, field):
        return "a LimitRange sets it before policies are asked"
    requests = effective_requests(container.resources or NO_RESOURCES)
    if field.side == "requests" and field.resource in requests:
        return "the limit is the request too, because the template sets the limit alone"
    return ""


def _side(container: ContainerView | None, field: Field) -> Mapping[str, object]:
    resources = (container and container.resources) or NO_RESOURCES
    return (resources.requests if field.side == "requests" else resources.limits) or {}


def _container(template: Template | None, name: str, *, written: bool = False) -> ContainerView | None:
    if template is None:
        return None
    pod: PodView = template.workload.written if written else template.workload.admitted
    spec = pod.spec or NO_SPEC
    every = (*(spec.containers or ()), *(spec.initContainers or ()))
    return next((each for each in every if each.name == name), None)


def _selects_others(found: Recommendation, template: Template, templates: Mapping[Ref, Template]) -> str:
    """Why no labels select the Pods of this owner alone; empty if they do."""
    labels = _labels(template)
    if any(key.endswith("controller-uid") for key in labels):
        return "its labels select Pods of this one Job, and it creates no more"
    for other, its in templates.items():
        if other == found.owner or other.namespace != found.owner.namespace:
            continue
        if _owner_kinds(other) != _owner_kinds(found.owner) or not _container(its, found.container):
            continue
        if labels.items() <= labels_of(its.workload.written.metadata or NO_METADATA).items():
            return f"its labels select the Pods of {other.kind} {other.name} too"
    return ""


def _owner_kinds(owner: Ref) -> list[str]:
    kind = "Job" if owner.kind == "CronJob" else owner.kind
    return [kind] if kind in _OWNER_KINDS else []


def _document(found: Recommendation, template: Template, values: Mapping[Field, int]) -> Json:
    owner = found.owner
    kinds = _owner_kinds(owner)
    match: Json = {"ownerKinds": kinds} if kinds else {}
    match["podSelector"] = {"matchLabels": _labels(template)}
    return {
        "apiVersion": "podtailor.dev/v1alpha1",
        "kind": "WorkloadPolicy",
        "metadata": {"name": _name(owner, found.container), "namespace": owner.namespace},
        "spec": {
            "mode": "Audit",
            "match": match,
            "containers": {"names": [found.container]},
            "resources": {"limits": [_item(values)]},
        },
    }


def _item(values: Mapping[Field, int]) -> Json:
    requests, limits = (
        {field.resource: of_milli(value).text for field, value in values.items() if field.side == side}
        for side in SIDES
    )
    item: Json = {"type": "Container"}
    if requests:
        item["defaultRequest"] = requests
    if limits:
        item["default"] = limits
    return item


def _labels(template: Template) -> dict[str, str]:
    """By which a policy selects the Pods."""
    metadata = template.workload.written.metadata or NO_METADATA
    return dict(template.selector) or labels_of(metadata)


def _name(owner: Ref, container: str) -> str:
    """With a dot if a dash does not distinguish `web` and `api-x` from `web-api` and `x`."""
    prefix = f"{owner.kind.lower()}-{owner.name}"
    separator = "." if "-" in container or "." in prefix else "-"
    return _shortened(f"{prefix}{separator}{container}")


def _shortened(name: str) -> str:
    """What is cut off is hashed, so that no two names become one."""
    if len(name) <= _MAX_NAME:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH]
    return f"{name[: _MAX_NAME - _HASH - 1].rstrip('-.')}-{digest}"
