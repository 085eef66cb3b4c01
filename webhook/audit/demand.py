"""What a Pod requires of a Node, before and after writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from webhook.audit.findings import Amounts, Demand
from webhook.model.names import QOS_RESOURCES
from webhook.model.patch import Path, Write
from webhook.model.pod import ResourceList, Toleration, effective_requests
from webhook.model.pod_resources import RequestsAndLimits, aggregate, resources_after
from webhook.model.quantity import milli
from webhook.model.subject import Container, ContainerKind, Subject


def demand(subject: Subject, writes: Sequence[Write], overhead: ResourceList) -> Demand:
    resources = resources_after(subject, writes)
    return Demand(
        requests=_requests(subject, resources, overhead),
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
    by_container = [(each.kind, resources[each.path].requests) for each in subject.containers]
    whole = subject.spec.resources
    pod_level = effective_requests(whole) if whole else {}
    amounts = {}
    for resource in {*overhead, *pod_level, *(key for _, requests in by_container for key in requests)}:
        if resource in pod_level and resource in QOS_RESOURCES:
            amount = milli(pod_level[resource])
        else:
            amount = aggregate((kind, milli(requests.get(resource, 0))) for kind, requests in by_container)
        amounts[resource] = amount + milli(overhead.get(resource, 0))
    return amounts


def _unsized(subject: Subject, resources: Mapping[Path, RequestsAndLimits], resource: str) -> Iterable[str]:
    """The containers that do not request the resource."""
    whole = subject.spec.resources
    if whole and resource in effective_requests(whole):
        return ()
    return (each.name for each in _running(subject) if resource not in resources[each.path].requests)


def _running(subject: Subject) -> Iterable[Container]:
    return (each for each in subject.containers if each.kind is not ContainerKind.INIT)


def _node_selector(writes: Sequence[Write]) -> dict[str, str]:
    return {str(each.path[-1]): each.value for each in writes if each.path[:-1] == ("spec", "nodeSelector")}


def _tolerations(writes: Sequence[Write]) -> list[Toleration]:
    added = [each.value for each in writes if each.path == ("spec", "tolerations")]
    return msgspec.convert(added, list[Toleration]) if added else []
