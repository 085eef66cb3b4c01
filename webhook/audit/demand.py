"""What a Pod requires of a Node, before and after writes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from webhook.audit.findings import Amounts, Demand
from webhook.model.names import QOS_RESOURCES
from webhook.model.patch import Write
from webhook.model.pod import ResourceList, Toleration
from webhook.model.pod_resources import aggregate, resources_after
from webhook.model.quantity import milli
from webhook.model.subject import ContainerKind, Subject

_ByContainer = dict[str, list[tuple[ContainerKind, int]]]
"""By resource, what containers have of it, in the order in which they start."""


def demand(subject: Subject, writes: Sequence[Write], overhead: ResourceList) -> Demand:
    resources = resources_after(subject, writes)
    whole = subject.spec.resources
    pod_level: ResourceList = (whole and whole.requests) or {}
    requests: _ByContainer = {}
    limits: _ByContainer = {}
    containers: dict[str, Amounts] = {}
    unsized: dict[str, set[str]] = {resource: set() for resource in QOS_RESOURCES}
    for each in subject.containers:
        after = resources[each.path]
        requested = dict.fromkeys(QOS_RESOURCES, 0)
        for resource, raw in after.requests.items():
            amount = milli(raw)
            requests.setdefault(resource, []).append((each.kind, amount))
            if resource in requested:
                requested[resource] = amount
        for resource, raw in after.limits.items():
            limits.setdefault(resource, []).append((each.kind, milli(raw)))
        if each.kind is not ContainerKind.INIT:
            containers[each.name] = requested
            for resource, without in unsized.items():
                if resource not in after.requests and resource not in pod_level:
                    without.add(each.name)
    node_selector, tolerations = _placement(subject, writes)
    return Demand(
        requests=_requests(requests, pod_level, overhead),
        limits=_totals(limits),
        containers=containers,
        unsized=unsized,
        node_selector=node_selector,
        tolerations=tolerations,
    )


def _requests(of_containers: _ByContainer, pod_level: ResourceList, overhead: ResourceList) -> Amounts:
    """As the scheduler computes them: `PodRequests` in k8s.io/component-helpers `resource/helpers.go`."""
    amounts = _totals(of_containers)
    for resource, raw in pod_level.items():
        if resource in QOS_RESOURCES:
            amounts[resource] = milli(raw)
        else:
            amounts.setdefault(resource, 0)
    for resource, raw in overhead.items():
        amounts[resource] = amounts.get(resource, 0) + milli(raw)
    return amounts


def _totals(of_containers: _ByContainer) -> dict[str, int]:
    totals = {}
    for resource, amounts in of_containers.items():
        totals[resource] = aggregate(amounts)
    return totals


def _placement(
    subject: Subject, writes: Sequence[Write]
) -> tuple[dict[str, str | None], tuple[Toleration, ...]]:
    """The node selector and the tolerations."""
    node_selector, added = {**(subject.spec.nodeSelector or {})}, list[Any]()
    for write in writes:
        if write.path[:-1] == ("spec", "nodeSelector"):
            node_selector[str(write.path[-1])] = write.value
        elif write.path == ("spec", "tolerations"):
            added.append(write.value)
    more = msgspec.convert(added, list[Toleration]) if added else ()
    return node_selector, (*(subject.spec.tolerations or ()), *more)
