"""Bounds as LimitRanger checks them: min, max and the ratio of limit to request, of a container or a Pod.

Source: `PodValidateLimitFunc` in k8s.io/kubernetes `plugin/pkg/admission/limitranger/admission.go`, whose
wording messages keep.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from webhook.model.policy import Bounds
from webhook.model.quantity import MAX_MILLI, Quantity, exactly

Violations = set[tuple[int, str, str]]
"""The index of each violated bound, `min`, `max` or `ratio`, and the side that violates it."""


def resources(bounds: Bounds) -> list[str]:
    return sorted({*bounds.min, *bounds.max, *bounds.ratio})


def violation_messages(
    bounds: Bounds, kind: str, resource: str, request: Quantity | None, limit: Quantity | None
) -> Iterator[str]:
    """A message for each violated bound, in LimitRanger's order; `kind` is Container or Pod.

    A missing value violates a bound too.
    """
    minimum, maximum, ratio = bounds.min.get(resource), bounds.max.get(resource), bounds.ratio.get(resource)
    if minimum:
        yield from _minimum(f"minimum {resource} usage per {kind} is {minimum}", minimum, request, limit)
    if maximum:
        yield from _maximum(f"maximum {resource} usage per {kind} is {maximum}", maximum, request, limit)
    if ratio:
        yield from _ratio(
            f"{resource} max limit to request ratio per {kind} is {ratio}", ratio, request, limit
        )


def _minimum(rule: str, minimum: Quantity, request: Quantity | None, limit: Quantity | None) -> Iterator[str]:
    if request is None:
        yield f"{rule}.  No request is specified"
    elif request.milli < minimum.milli:
        yield f"{rule}, but request is {request}"
    elif limit and limit.milli < minimum.milli:
        yield f"{rule}, but limit is {limit}"


def _maximum(rule: str, maximum: Quantity, request: Quantity | None, limit: Quantity | None) -> Iterator[str]:
    if limit is None:
        yield f"{rule}.  No limit is specified"
    elif limit.milli > maximum.milli:
        yield f"{rule}, but limit is {limit}"
    elif request and request.milli > maximum.milli:
        yield f"{rule}, but request is {request}"


def _ratio(rule: str, ratio: Quantity, request: Quantity | None, limit: Quantity | None) -> Iterator[str]:
    if request is None or request.milli == 0:
        yield f"{rule}, but no request is specified or request is 0"
    elif limit is None or limit.milli == 0:
        yield f"{rule}, but no limit is specified or limit is 0"
    elif _exceeds(request, limit, ratio):
        yield f"{rule}, but provided ratio is {_quotient(request, limit):f}"


def violated(
    bounds: Bounds, resource: str, request: Quantity | None, limit: Quantity | None
) -> Iterator[tuple[str, str]]:
    """The bound (`min`, `max`, `ratio`) and the side, for each existing amount that violates one.

    A missing amount violates none. No ratio holds over a request of 0, whatever the limit.
    """
    minimum, maximum, ratio = bounds.min.get(resource), bounds.max.get(resource), bounds.ratio.get(resource)
    for side, amount in (("requests", request), ("limits", limit)):
        if amount and minimum and amount.milli < minimum.milli:
            yield "min", side
        if amount and maximum and amount.milli > maximum.milli:
            yield "max", side
    if ratio and request and limit and (request.milli == 0 or _exceeds(request, limit, ratio)):
        yield "ratio", "limits"


def all_violated(
    all_bounds: Sequence[Bounds], resource: str, request: Quantity | None, limit: Quantity | None
) -> Violations:
    return {
        (index, bound, side)
        for index, bounds in enumerate(all_bounds)
        for bound, side in violated(bounds, resource, request, limit)
    }


def _exceeds(request: Quantity, limit: Quantity, ratio: Quantity) -> bool:
    return _quotient(request, limit) * 1000 > ratio.milli


def _quotient(request: Quantity, limit: Quantity) -> float:
    """In floating point, and of amounts that fit into its int64, as LimitRanger computes it."""
    return min(limit.milli, MAX_MILLI) / min(request.milli, MAX_MILLI)


def clamped(amount: Quantity, all_bounds: Sequence[Bounds], resource: str) -> Quantity:
    """The nearest amount that every min and max allows; if a min is above a max, the max decides."""
    for bounds in all_bounds:
        minimum = bounds.min.get(resource)
        if minimum and amount.milli < minimum.milli:
            amount = minimum
    return within_max(amount, all_bounds, resource)


def within_max(amount: Quantity, all_bounds: Sequence[Bounds], resource: str) -> Quantity:
    for bounds in all_bounds:
        maximum = bounds.max.get(resource)
        if maximum and amount.milli > maximum.milli:
            amount = maximum
    return amount


def within_ratio(request: Quantity, limit: Quantity, all_bounds: Sequence[Bounds], resource: str) -> Quantity:
    """The limit, lowered until every ratio allows it."""
    for ratio in (bounds.ratio[resource] for bounds in all_bounds if resource in bounds.ratio):
        if request.milli and _exceeds(request, limit, ratio):
            lower = exactly(request.milli * ratio.milli // 1000, resource, up=False)
            if _exceeds(request, lower, ratio):  # by the last digit of a float
                lower = exactly(lower.milli - 1, resource, up=False)
            limit = lower if lower.milli >= request.milli else request  # whole bytes may be too few by one
    return limit
