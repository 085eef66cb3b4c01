"""What a Pod asks for in sum, as LimitRanger adds it up, and bounds on that.

Source: `podRequests` and `podLimits` in k8s.io/kubernetes `plugin/pkg/admission/limitranger/admission.go`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from webhook.edits.resources import bounds
from webhook.edits.resources.container_resources import ContainerResources
from webhook.model.draft import Draft
from webhook.model.pod_resources import LIMITS_FIRST, SIDES, Side, aggregate
from webhook.model.policy import Bounds
from webhook.model.quantity import MAX_MILLI, Quantity, of_milli


def fit_pod(sheets: Sequence[ContainerResources], kept: Sequence[Bounds], draft: Draft) -> None:
    """Leave out of ours what makes the Pod's sums break a bound.

    What one policy gives of a resource goes as a whole, the policy that was heard last first, and its limits
    before its requests: so neither the order of the containers counts, nor does a second review find room for
    a part of it.
    """
    for resource in sorted({name for each in kept for name in bounds.resources(each)}):
        given = [
            sheet.assigned[side][resource]
            for sheet in sheets
            for side in SIDES
            if resource in sheet.assigned[side]
        ]
        if not given:
            continue
        before = _violated(sheets, kept, resource, with_assigned=False)
        precedences = sorted({each.rule.precedence for each in given}, reverse=True)
        for precedence, side in itertools.product(precedences, LIMITS_FIRST):
            if _violated(sheets, kept, resource) <= before and not _overflows(sheets, resource):
                break
            for sheet in sheets:
                sheet.drop_of(precedence, side, resource, draft)


def _overflows(sheets: Sequence[ContainerResources], resource: str) -> bool:
    """Whether a sum is past what LimitRanger can hold: its int64 wraps, and nobody knows what it says."""
    sums = (total(sheets, side, resource) for side in SIDES)
    return any(amount.milli > MAX_MILLI for amount in sums if amount)


def _violated(
    sheets: Sequence[ContainerResources], kept: Sequence[Bounds], resource: str, *, with_assigned: bool = True
) -> set[tuple[int, str, str]]:
    request = total(sheets, "requests", resource, with_assigned=with_assigned)
    limit = total(sheets, "limits", resource, with_assigned=with_assigned)
    return bounds.all_violated(kept, resource, request, limit)


def total(
    sheets: Sequence[ContainerResources], side: Side, resource: str, *, with_assigned: bool = True
) -> Quantity | None:
    """Containers and sidecars together, or the largest init container with the sidecars before it.

    None where no container says anything.
    """
    amounts = [
        (sheet.container.kind, sheet.amount(side, resource, with_assigned=with_assigned)) for sheet in sheets
    ]
    if all(amount is None for _, amount in amounts):
        return None
    return of_milli(aggregate((kind, amount.milli if amount else 0) for kind, amount in amounts))
