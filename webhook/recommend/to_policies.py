"""Recommendations as WorkloadPolicies in mode Audit: for fields that the template leaves open. Pure.

A policy sets what a Pod leaves open when it is created, so only that is written. What would have no effect is
named instead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

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


class Policies(Struct, frozen=True):
    documents: tuple[Json, ...]
    without_effect: tuple[NoEffect, ...]
    crowded: tuple[str, ...] = ()
    """Namespaces for which there are more documents than can be in force."""


def to_policies(found: Iterable[Recommendation], templates: Mapping[Ref, Template]) -> Policies:
    """One for each container, as containers of one Pod get different values."""
    documents: list[Json] = []
    skipped: list[NoEffect] = []
    for each in found:
        template = templates.get(each.owner)
        values = dict(_values(each))
        blocked = {field: why for field in values if (why := _blocked(template, field))}
        skipped += (
            NoEffect(each.owner, field, of_milli(values[field]).text, why) for field, why in blocked.items()
        )
        left = {field: value for field, value in values.items() if field not in blocked}
        if left and template:
            documents.append(_document(each, template, left))
    counts = Counter(each["metadata"]["namespace"] for each in documents)
    crowded = tuple(sorted(name for name, count in counts.items() if count > MAX_POLICIES))
    return Policies(tuple(documents), tuple(skipped), crowded)


def _values(found: Recommendation) -> Iterator[tuple[Field, int]]:
    """What is to change."""
    for resource, advice in found.advice.items():
        for side, before, after in zip(SIDES, advice.before, advice.after, strict=True):
            if after is not None and after != before:
                yield Field(found.container, side, resource), after


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


def _document(found: Recommendation, template: Template, values: Mapping[Field, int]) -> Json:
    owner = found.owner
    requests, limits = (
        {field.resource: of_milli(value).text for field, value in values.items() if field.side == side}
        for side in SIDES
    )
    item: Json = {"type": "Container"}
    if requests:
        item["defaultRequest"] = requests
    if limits:
        item["default"] = limits
    kind = "Job" if owner.kind == "CronJob" else owner.kind
    match: Json = {"ownerKinds": [kind]} if kind in _OWNER_KINDS else {}
    match["podSelector"] = {"matchLabels": _labels(template)}
    return {
        "apiVersion": "podtailor.dev/v1alpha1",
        "kind": "WorkloadPolicy",
        "metadata": {"name": _name(owner, found.container), "namespace": owner.namespace},
        "spec": {
            "mode": "Audit",
            "match": match,
            "containers": {"names": [found.container]},
            "resources": {"limits": [item]},
        },
    }


def _labels(template: Template) -> dict[str, str]:
    """By which a policy selects the Pods."""
    metadata = template.workload.written.metadata or NO_METADATA
    return dict(template.selector) or labels_of(metadata)


def _name(owner: Ref, container: str) -> str:
    return f"{owner.kind.lower()}-{owner.name}-{container}"[:_MAX_NAME].rstrip("-.")
