"""Requests and limits: of each container, in total, and of the Pod as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

from webhook.model import quantity
from webhook.model.names import QOS_RESOURCES
from webhook.model.patch import Path, Write
from webhook.model.pod import RawQuantity, ResourceRequirements
from webhook.model.quantity import Quantity, milli
from webhook.model.subject import ContainerKind, Subject

Side = Literal["requests", "limits"]
SIDES: tuple[Side, ...] = ("requests", "limits")
LIMITS_FIRST: tuple[Side, ...] = ("limits", "requests")


class RequestsAndLimits(Struct, frozen=True):
    """Of one container, as they are written."""

    requests: Mapping[str, RawQuantity]
    limits: Mapping[str, RawQuantity]


def resources_after(subject: Subject, writes: Iterable[Write]) -> dict[Path, RequestsAndLimits]:
    """Requests and limits of each container, by its path, once the writes are made."""
    added: dict[Path, dict[str, Any]] = {}
    for write in writes:
        path = write.path
        if path[-3:-2] == ("resources",):
            added.setdefault(path[:-1], {})[str(path[-1])] = write.value
    resources = {}
    for each in subject.containers:
        requests, limits = each.requests, each.limits
        if added:
            requests = {**requests, **added.get((*each.path, "resources", "requests"), {})}
            limits = {**limits, **added.get((*each.path, "resources", "limits"), {})}
        resources[each.path] = RequestsAndLimits(requests, limits)
    return resources


def pod_level(pod: ResourceRequirements, side: Side, resource: str) -> Quantity | None:
    """The Pod-level amount, which replaces the total of its containers; for cpu and memory only."""
    written = (pod.requests if side == "requests" else pod.limits) or {}
    return quantity.read(written[resource]) if resource in QOS_RESOURCES and resource in written else None


def defaulted_pod_level(subject: Subject, *, after_webhooks: bool) -> ResourceRequirements | None:
    """Pod-level resources as the API server stores them. Reviews before 1.37 carry these, manifests may not.

    `after_webhooks`: as from 1.37 on, where empty ones count as unset, and values of containers decide about
    limits too. Source: `DefaultPodLevelResources` in k8s.io/kubernetes `pkg/api/pod/util.go`; before 1.37
    `SetDefaults_Pod` in `pkg/apis/core/v1/defaults.go`.
    """
    whole = subject.spec.resources
    if whole is None or not (whole.requests or whole.limits):
        return None if after_webhooks else whole
    adds_totals = after_webhooks or bool(whole.limits)
    requests, limits = dict(whole.requests or {}), dict(whole.limits or {})
    for resource in QOS_RESOURCES:
        requested = [
            (each.kind, each.requests[resource]) for each in subject.containers if resource in each.requests
        ]
        limited = [
            (each.kind, each.limits[resource]) for each in subject.containers if resource in each.limits
        ]
        if requested and adds_totals:
            requests.setdefault(resource, f"{_total(requested)}m")
        elif resource in limits:
            requests.setdefault(resource, limits[resource])
        if after_webhooks and resource in requests and len(limited) == len(subject.containers):
            limits.setdefault(resource, f"{max(_total(limited), milli(requests[resource]))}m")
    return ResourceRequirements(requests=requests, limits=limits)


def _total(amounts: Iterable[tuple[ContainerKind, RawQuantity]]) -> int:
    """In thousandths."""
    return aggregate((kind, milli(amount)) for kind, amount in amounts)


def aggregate(amounts: Iterable[tuple[ContainerKind, int]]) -> int:
    """The total of containers that start in this order, as the scheduler adds up requests.

    Source: `AggregateContainerRequests` in k8s.io/component-helpers `resource/helpers.go`.
    """
    running = before = largest = 0
    for kind, amount in amounts:
        match kind:
            case ContainerKind.REGULAR:
                running += amount
            case ContainerKind.SIDECAR:
                running += amount
                before += amount
                largest = max(largest, before)
            case ContainerKind.INIT:
                largest = max(largest, before + amount)
    return max(running, largest)
