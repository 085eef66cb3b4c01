"""Accelerators of a container: `webhook.model.accelerators` in CEL."""

from __future__ import annotations

from webhook.export import regular_expressions
from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Int, List, Map, Quantity, Text
from webhook.model.accelerators import (
    ACCOMPANYING,
    MAX_CHARACTERS,
    MAX_DEVICES,
    NO_ACCOMPANYING,
    PARTS,
    Accelerators,
)
from webhook.model.globs import Glob

_COUNTS = cel.texts(str(count + 1) for count in range(MAX_DEVICES + 1))


def device_names(requests: Map[Text], limits: Map[Text], accelerators: Accelerators) -> List[Text]:
    """The accelerators of which more than nothing is requested, sorted. What has a limit has a request."""
    return (
        requests.keys()
        .filter(
            lambda resource: (
                _is_device(resource, accelerators)
                & _amounts(resource, requests, limits).exists(lambda amount: amount.is_greater(cel.ZERO))
            )
        )
        .sort()
    )


def count_of(devices: List[Text], requests: Map[Text], limits: Map[Text]) -> Int:
    """The largest number of whole devices of one resource; 1 if that is implausible."""
    whole = devices.filter(lambda resource: ~resource.one_of(cel.texts(PARTS)))
    counts = whole.map(lambda resource: _amounts(resource, requests, limits).map(_count).max())
    largest = (cel.integers([0]) + counts).max()
    return cel.let(largest, lambda most: cel.when(most > MAX_DEVICES, cel.integer(1), most))


def _is_device(resource: Text, accelerators: Accelerators) -> Bool:
    exact = [each for each in accelerators.patterns if each.is_exact]
    starred = [each for each in accelerators.patterns if not each.is_exact]
    known = cel.any_of(*(_matches(resource, each) for each in (exact,) if each))
    if starred:
        words = "|".join(ACCOMPANYING)
        prefixes = "|".join(NO_ACCOMPANYING)
        is_accompanying = resource.matches(f"/.*(?i:{words})") & ~resource.matches(f"^(?:{prefixes})")
        known = known | (_matches(resource, starred) & ~is_accompanying)
    return resource.contains("/") & (resource.size() <= MAX_CHARACTERS) & known


def _matches(resource: Text, patterns: list[Glob]) -> Bool:
    return resource.matches(regular_expressions.of_globs(patterns))


def _amounts(resource: Text, requests: Map[Text], limits: Map[Text]) -> List[Quantity]:
    """Names in `kubernetes.io` may have a larger limit."""
    requested = requests[resource]
    return cel.list_of([requested.as_quantity(), limits.get(resource, requested).as_quantity()], Quantity)


def _count(amount: Quantity) -> Int:
    """Whole ones, up to one too many."""
    return _COUNTS.filter(lambda count: ~count.as_quantity().is_greater(amount)).size()
