"""What a Pod requires of a Node, before and after writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from webhook.audit.findings import Amounts, Demand
from webhook.model.names import QOS_RESOURCES
from webhook.model.patch import Path, Write
from webhook.model.pod import ResourceList, Toleration
from webhook.model.pod_resources import RequestsAndLimits, Side, aggregate, resources_after
from webhook.model.quantity import milli
from webhook.model.subject import Container, ContainerKind, Subject


def demand(subject: Subject, writes: Sequence[Write], overhead: ResourceList) -> Demand:
    resources = resources_after(subject, writes)
    return Demand(
        requests=_requests(subject, resources, overhead),
        limits=_totals(subject, resources, "limits"),
        containers={
            each.name: {
                resource: milli(resources[each.path].requests.get(resource, 0)) for resource in QOS_RESOURCES
            }
            for each in _running(subject)
        },
        unsized={resource: frozenset(_unsized(subject, resources, resource)) for resource in QOS_RESOURCES},
        node_selector={**(subject.spec.nodeSelector or {}), **_node_selector(writes)},
        tolerations=(*(subject.spec.tolerations or ()), *_tolerations(writes)),
    )


def _requests(
    subject: Subject, resources: Mapping[Path, RequestsAndLimits], overhead: ResourceList
) -> Amounts:
    """As the scheduler computes them: `PodRequests` in k8s.io/component-helpers `resource/helpers.go`."""
    totals = _totals(subject, resources, "requests")
    whole = subject.spec.resources
    pod_level = (whole and whole.requests) or {}
    amounts = {}
    for resource in {*overhead, *pod_level, *totals}:
        if resource in pod_level and resource in QOS_RESOURCES:
            amount = milli(pod_level[resource])
        else:
            amount = totals.get(resource, 0)
        amounts[resource] = amount + milli(overhead.get(resource, 0))
    return amounts


def _totals(subject: Subject, resources: Mapping[Path, RequestsAndLimits], side: Side) -> Amounts:
    """Of the containers together."""
    by_container = [(each.kind, getattr(resources[each.path], side)) for each in subject.containers]
    return {
        resource: aggregate((kind, milli(amounts.get(resource, 0))) for kind, amounts in by_container)
        for resource in {key for _, amounts in by_container for key in amounts}
    }


def _unsized(subject: Subject, resources: Mapping[Path, RequestsAndLimits], resource: str) -> Iterable[str]:
    """The containers that do not request the resource."""
    whole = subject.spec.resources
    if whole and resource in (whole.requests or {}):
        return ()
    return (each.name for each in _running(subject) if resource not in resources[each.path].requests)


def _running(subject: Subject) -> Iterable[Container]:
    return (each for each in subject.containers if each.kind is not ContainerKind.INIT)


def _node_selector(writes: Sequence[Write]) -> dict[str, str]:
    return {str(each.path[-1]): each.value for each in writes if each.path[:-1] == ("spec", "nodeSelector")}


def _tolerations(writes: Sequence[Write]) -> list[Toleration]:
    added = [each.value for each in writes if each.path == ("spec", "tolerations")]
    return msgspec.convert(added, list[Toleration]) if added else []
