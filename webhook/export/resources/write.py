"""The operations that set limits and requests, in this order; missing parents come before their keys."""

from __future__ import annotations

from collections.abc import Mapping

from webhook.export import patch
from webhook.export.cel import values as cel
from webhook.export.cel.values import Any_, Bool, Int, List, Text
from webhook.export.patch import Operation
from webhook.export.pod import Container
from webhook.export.resources.container_resources import Resources
from webhook.model.pod_resources import LIMITS_FIRST, Side

_EMPTY = cel.record({})


def written(containers: List[Container], resolved: Mapping[str, List[Resources]]) -> List[Operation]:
    """`resolved` by the name of the resource, in the order in which they are written."""

    def is_missing(index: Int, one: Container) -> Bool:
        is_set = [_is_set(resolved, side, index) for side in LIMITS_FIRST]
        return cel.any_of(*is_set) & ~one.view.has("resources")

    def parent(index: Int, one: Container) -> Operation:
        del index
        return patch.add(one.path + "/resources", _EMPTY)

    operations = containers.choose(is_missing, parent)
    for side in LIMITS_FIRST:
        operations = operations + _parents(containers, resolved, side)
        for resource, each in resolved.items():
            operations = operations + _amounts(containers, each, f"resources/{side}/{resource}", side)
    return operations


def _parents(
    containers: List[Container], resolved: Mapping[str, List[Resources]], side: Side
) -> List[Operation]:
    def is_missing(index: Int, one: Container) -> Bool:
        has_side = one.view.has("resources") & one.view.field("resources", Any_).has(side)
        return _is_set(resolved, side, index) & ~has_side

    def parent(index: Int, one: Container) -> Operation:
        del index
        return patch.add(one.path + f"/resources/{side}", _EMPTY)

    return containers.choose(is_missing, parent)


def _amounts(
    containers: List[Container], resolved: List[Resources], path: str, side: Side
) -> List[Operation]:
    def is_set(index: Int, one: Container) -> Bool:
        del one
        return _assigned(resolved[index], side) != ""

    def amount(index: Int, one: Container) -> Operation:
        return patch.add(one.path + f"/{path}", _assigned(resolved[index], side))

    return containers.choose(is_set, amount)


def _is_set(resolved: Mapping[str, List[Resources]], side: Side, index: Int) -> Bool:
    return cel.any_of(*(_assigned(each[index], side) != "" for each in resolved.values()))


def _assigned(one: Resources, side: Side) -> Text:
    return one.assigned_request if side == "requests" else one.assigned_limit
