"""Bounds as LimitRanger keeps them: min, max and the ratio of limit to request, of a container or of a Pod.

Source: `PodValidateLimitFunc` in k8s.io/kubernetes `plugin/pkg/admission/limitranger/admission.go`; the words
of messages are its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from webhook.model.policy import Bounds
from webhook.model.quantity import MAX_MILLI, Quantity, exactly


def resources(kept: Bounds) -> list[str]:
    return sorted({*kept.min, *kept.max, *kept.ratio})


def violation_messages(
    kept: Bounds, of: str, resource: str, request: Quantity | None, limit: Quantity | None
) -> Iterator[str]:
    """A message for each bound that does not hold, in the order in which LimitRanger looks at them.

    A value that is missing breaks it too.
    """
    least, most, ratio = kept.min.get(resource), kept.max.get(resource), kept.ratio.get(resource)
    found = (
        least and _below(f"minimum {resource} usage per {of} is {least}", least, request, limit),
        most and _above(f"maximum {resource} usage per {of} is {most}", most, request, limit),
        ratio and _apart(f"{resource} max limit to request ratio per {of} is {ratio}", ratio, request, limit),
    )
    return (message for message in found if message)


def _below(said: str, least: Quantity, request: Quantity | None, limit: Quantity | None) -> str | None:
    if request is None:
        return f"{said}.  No request is specified"
    if request.milli < least.milli:
        return f"{said}, but request is {request}"
    return f"{said}, but limit is {limit}" if limit and limit.milli < least.milli else None


def _above(said: str, most: Quantity, request: Quantity | None, limit: Quantity | None) -> str | None:
    if limit is None:
        return f"{said}.  No limit is specified"
    if limit.milli > most.milli:
        return f"{said}, but limit is {limit}"
    return f"{said}, but request is {request}" if request and request.milli > most.milli else None


def _apart(said: str, ratio: Quantity, request: Quantity | None, limit: Quantity | None) -> str | None:
    if request is None or request.milli == 0:
        return f"{said}, but no request is specified or request is 0"
    if limit is None or limit.milli == 0:
        return f"{said}, but no limit is specified or limit is 0"
    if _too_far(request, limit, ratio):
        return f"{said}, but provided ratio is {_ratio(request, limit):f}"
    return None


def violated(
    kept: Bounds, resource: str, request: Quantity | None, limit: Quantity | None
) -> Iterator[tuple[str, str]]:
    """Kind of bound and side, of each amount that is there and breaks one; what is missing breaks none.

    Over a request of 0 no ratio holds, whatever the limit.
    """
    least, most, ratio = kept.min.get(resource), kept.max.get(resource), kept.ratio.get(resource)
    for side, amount in (("requests", request), ("limits", limit)):
        if amount and least and amount.milli < least.milli:
            yield "min", side
        if amount and most and amount.milli > most.milli:
            yield "max", side
    if ratio and request and limit and (request.milli == 0 or _too_far(request, limit, ratio)):
        yield "ratio", "limits"


def all_violated(
    kept: Sequence[Bounds], resource: str, request: Quantity | None, limit: Quantity | None
) -> set[tuple[int, str, str]]:
    """`violated` of several: the index of each bound, its kind and the side."""
    return {
        (index, kind, side)
        for index, each in enumerate(kept)
        for kind, side in violated(each, resource, request, limit)
    }


def _too_far(request: Quantity, limit: Quantity, ratio: Quantity) -> bool:
    return _ratio(request, limit) * 1000 > ratio.milli


def _ratio(request: Quantity, limit: Quantity) -> float:
    """In floating point, as LimitRanger computes it; of amounts that it can hold."""
    return min(limit.milli, MAX_MILLI) / min(request.milli, MAX_MILLI)


def clamped(amount: Quantity, kept: Sequence[Bounds], resource: str) -> Quantity:
    """The nearest amount that every min and max allows; of a min above a max the max counts."""
    for each in kept:
        least = each.min.get(resource)
        if least and amount.milli < least.milli:
            amount = least
    for each in kept:
        most = each.max.get(resource)
        if most and amount.milli > most.milli:
            amount = most
    return amount


def within_ratio(request: Quantity, limit: Quantity, kept: Sequence[Bounds], resource: str) -> Quantity:
    """The limit, brought down to where every ratio allows it."""
    for ratio in _ratios(kept, resource):
        if request.milli and _too_far(request, limit, ratio):
            lower = exactly(request.milli * ratio.milli // 1000, resource, up=False)
            if _too_far(request, lower, ratio):  # by the last digit of a float
                lower = exactly(lower.milli - 1, resource, up=False)
            limit = lower if lower.milli >= request.milli else request  # whole bytes may be too few by one
    return limit


def _ratios(kept: Iterable[Bounds], resource: str) -> Iterator[Quantity]:
    return (each.ratio[resource] for each in kept if resource in each.ratio)
