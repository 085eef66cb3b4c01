"""What a Pod asks of a Node, with writes made or without."""

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
        _requests(subject, resources, overhead),
        {
            each.name: {
                resource: milli(resources[each.path].requests.get(resource, 0)) for resource in QOS_RESOURCES
            }
            for each in _running(subject)
        },
        {resource: frozenset(_without(subject, resources, resource)) for resource in QOS_RESOURCES},
        {**(subject.spec.nodeSelector or {}), **_selected(writes)},
        (*(subject.spec.tolerations or ()), *_tolerated(writes)),
    )


def _requests(
    subject: Subject, resources: Mapping[Path, RequestsAndLimits], overhead: ResourceList
) -> Amounts:
    """As the scheduler adds up: `PodRequests` in k8s.io/component-helpers `resource/helpers.go`."""
    asked = [(each.kind, resources[each.path].requests) for each in subject.containers]
    whole = subject.spec.resources
    stated = effective_requests(whole) if whole else {}
    found = {}
    for resource in {*overhead, *stated, *(key for _, requests in asked for key in requests)}:
        if resource in stated and resource in QOS_RESOURCES:
            amount = milli(stated[resource])
        else:
            amount = aggregate((kind, milli(requests.get(resource, 0))) for kind, requests in asked)
        found[resource] = amount + milli(overhead.get(resource, 0))
    return found


def _without(subject: Subject, resources: Mapping[Path, RequestsAndLimits], resource: str) -> Iterable[str]:
    """Containers that do not request any of a resource."""
    whole = subject.spec.resources
    if whole and resource in effective_requests(whole):
        return ()
    return (each.name for each in _running(subject) if resource not in resources[each.path].requests)


def _running(subject: Subject) -> Iterable[Container]:
    return (each for each in subject.containers if each.kind is not ContainerKind.INIT)


def _selected(writes: Sequence[Write]) -> dict[str, str]:
    return {str(each.path[-1]): each.value for each in writes if each.path[:-1] == ("spec", "nodeSelector")}


def _tolerated(writes: Sequence[Write]) -> list[Toleration]:
    added = [each.value for each in writes if each.path == ("spec", "tolerations")]
    return msgspec.convert(added, list[Toleration]) if added else []
