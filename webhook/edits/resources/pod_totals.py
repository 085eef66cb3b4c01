"""Requests and limits of a Pod in total, as LimitRanger adds them up, and their bounds.

Source: `podRequests` and `podLimits` in k8s.io/kubernetes `plugin/pkg/admission/limitranger/admission.go`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from webhook.edits.resources.bounds import Violations, all_violated, resources
from webhook.edits.resources.container_resources import ContainerResources
from webhook.model.draft import Draft
from webhook.model.pod_resources import LIMITS_FIRST, SIDES, Side, aggregate
from webhook.model.policy import Bounds
from webhook.model.quantity import MAX_MILLI, Quantity, of_milli


def clamp_totals(containers: Sequence[ContainerResources], bounds: Sequence[Bounds], draft: Draft) -> None:
    """Drop assignments until the totals violate no bound that the Pod does not violate by itself.

    Drops one policy's amounts of a resource from all containers together, lowest precedence first, limits
    before requests: the order of containers makes no difference, and a second review finds no room for a
    part of it.
    """
    for resource in sorted({name for each in bounds for name in resources(each)}):
        assignments = [
            assignment
            for each in containers
            for side in SIDES
            if (assignment := each.assigned[side].get(resource))
        ]
        if not assignments:
            continue
        declared_violations = _violated(containers, bounds, resource, with_assigned=False)
        lowest_first = sorted({each.rule.precedence for each in assignments}, reverse=True)
        for precedence, side in itertools.product(lowest_first, LIMITS_FIRST):
            violations = _violated(containers, bounds, resource)
            if violations <= declared_violations and not _overflows(containers, resource):
                break
            for each in containers:
                assignment = each.assigned[side].get(resource)
                if assignment and assignment.rule.precedence == precedence:
                    each.drop(side, resource, draft)


def _overflows(containers: Sequence[ContainerResources], resource: str) -> bool:
    """Whether a total exceeds LimitRanger's int64: it wraps, and may violate any bound."""
    totals = (total(containers, side, resource) for side in SIDES)
    return any(amount.milli > MAX_MILLI for amount in totals if amount)


def _violated(
    containers: Sequence[ContainerResources],
    bounds: Sequence[Bounds],
    resource: str,
    *,
    with_assigned: bool = True,
) -> Violations:
    request = total(containers, "requests", resource, with_assigned=with_assigned)
    limit = total(containers, "limits", resource, with_assigned=with_assigned)
    return all_violated(bounds, resource, request, limit)


def total(
    containers: Sequence[ContainerResources], side: Side, resource: str, *, with_assigned: bool = True
) -> Quantity | None:
    """Containers and sidecars together, or the largest init container with the sidecars before it.

    None if no container has an amount.
    """
    amounts = [
        (each.container.kind, each.amount(side, resource, with_assigned=with_assigned)) for each in containers
    ]
    if all(amount is None for _, amount in amounts):
        return None
    return of_milli(aggregate((kind, amount.milli if amount else 0) for kind, amount in amounts))
