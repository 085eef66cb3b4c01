"""Requests and limits: of each container, in total, and of the Pod as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from webhook.model import quantity
from webhook.model.names import QOS_RESOURCES
from webhook.model.patch import Path, Write
from webhook.model.pod import RawQuantity, ResourceRequirements
from webhook.model.quantity import Quantity
from webhook.model.subject import ContainerKind, Subject

Side = Literal["requests", "limits"]
SIDES: tuple[Side, ...] = ("requests", "limits")
LIMITS_FIRST: tuple[Side, ...] = ("limits", "requests")


class RequestsAndLimits(NamedTuple):
    """Of one container, as they are written."""

    requests: Mapping[str, RawQuantity]
    limits: Mapping[str, RawQuantity]


def resources_after(subject: Subject, writes: Iterable[Write]) -> dict[Path, RequestsAndLimits]:
    """Requests and limits of each container, by its path, once the writes are made."""
    resources = {each.path: RequestsAndLimits(each.requests, each.limits) for each in subject.containers}
    for write in writes:
        if write.path[-3:-2] == ("resources",):
            *container, _, side, resource = write.path
            path, added = tuple(container), {str(resource): write.value}
            requests, limits = resources[path]
            if side == "limits":
                limits = {**limits, **added}
            else:
                requests = {**requests, **added}
            resources[path] = RequestsAndLimits(requests, limits)
    return resources


def pod_level(pod: ResourceRequirements, side: Side, resource: str) -> Quantity | None:
    """The Pod-level amount, which replaces the total of its containers; for cpu and memory only."""
    written = (pod.requests if side == "requests" else pod.limits) or {}
    return quantity.read(written[resource]) if resource in QOS_RESOURCES and resource in written else None


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
