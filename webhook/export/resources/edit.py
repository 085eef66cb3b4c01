"""Give containers the requests and limits that they leave unset: `webhook.edits.resources.edit` in CEL.

As there, requests come first, then limits, each in order of precedence; if a request ends above its limit,
the assigned one moves; then amounts are moved into the bounds. Each step is a variable of each resource that
a policy sets, a list with one item for each container.

Left to the refusals of the exporter: ratios, bounds of Pods, `onViolation: Deny`, and what `unsupported`
returns.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from webhook.export import patch
from webhook.export.cel import values as cel
from webhook.export.cel.values import List
from webhook.export.patch import Operation
from webhook.export.resources.bounds import ContainerBounds, container_bounds
from webhook.export.resources.container_resources import (
    Resources,
    declared,
    lowered_requests,
    moved,
    reconciled,
    with_default_requests,
    with_room_for_limit,
    with_room_for_request,
)
from webhook.export.resources.eligibility import Fillable, Needs, covered, is_eligible_pod
from webhook.export.resources.limits import proposed_limits
from webhook.export.resources.product import MAX_FACTOR_MILLI
from webhook.export.resources.proposals import Eligibility, Proposals, Resource, Rule
from webhook.export.resources.requests import RequestsSoFar, proposed_requests, requests_so_far
from webhook.export.resources.write import written
from webhook.export.rules import Rules
from webhook.model import quantity
from webhook.model.accelerators import MAX_DEVICES
from webhook.model.names import QOS_RESOURCES
from webhook.model.policy import Policy

_WORDS = {"cpu": "Cpu", "memory": "Memory", "ephemeral-storage": "EphemeralStorage"}


def resources(rules: Rules) -> List[Operation]:
    setting = _rules(rules.policies)
    names = sorted({name for rule in setting for name in _set_by(rule)})
    if not names:
        return patch.NOTHING
    requested = [_requested(each, setting) for each in _resources(rules, setting, names)]
    resolved = _guaranteed(rules, setting, requested)
    is_eligible = rules.program.let("eligibleForResources", is_eligible_pod(rules))
    return cel.when(is_eligible, written(rules.pod.containers, resolved), patch.NOTHING)


def unsupported(policy: Policy) -> list[tuple[str, str]]:
    """Fields that CEL's 64 bits cannot compute, or no table can hold, each with the reason."""
    defaults, found = policy.resources, []
    if defaults is None:
        return []
    for resource, each in sorted(defaults.per_device.items()):
        if quantity.scaled(each, MAX_DEVICES * 1000, resource) is None:
            reason = f"{each} for each of {MAX_DEVICES} devices is more than a Pod can have"
            found.append((f"resources.perDevice.{resource}", reason))
    for resource, factor in sorted(defaults.limit_factor.items()):
        if factor.milli > MAX_FACTOR_MILLI:
            reason = f"{factor} is more than {MAX_FACTOR_MILLI // 1000}"
            found.append((f"resources.limitFactor.{resource}", reason))
    return found


def _rules(policies: Sequence[Policy]) -> list[Rule]:
    setting = [(at, policy, policy.resources) for at, policy in enumerate(policies) if policy.resources]
    return [
        Rule(policy=policy, defaults=defaults, precedence=at, column=column)
        for column, (at, policy, defaults) in enumerate(setting)
    ]


def _set_by(rule: Rule) -> set[str]:
    """The resources of which it may set an amount."""
    each = rule.defaults
    of_class = QOS_RESOURCES if each.guaranteed else ()
    return {*each.default, *each.default_request, *each.per_device, *each.limit_factor, *of_class}


def _resources(rules: Rules, setting: Sequence[Rule], names: Sequence[str]) -> list[Resource]:
    containers = rules.pod.containers
    eligibility = Eligibility(
        covered=covered(rules, [rule.precedence for rule in setting]),
        fillable=Fillable(rules),
        needs=Needs(rules),
    )
    return [
        Resource(
            rules=rules,
            name=name,
            word=_WORDS[name],
            eligibility=eligibility,
            declared_requests=rules.program.let(
                f"requestsDeclared{_WORDS[name]}", declared(containers, "requests", name)
            ),
            declared_limits=rules.program.let(
                f"limitsDeclared{_WORDS[name]}", declared(containers, "limits", name)
            ),
        )
        for name in names
    ]


class _Requested(Struct, frozen=True, kw_only=True):
    """What limits and bounds are put upon: it is the same whether or not the QoS class is requested."""

    resource: Resource
    requests: Proposals
    so_far: RequestsSoFar
    bounds: ContainerBounds | None


def _requested(resource: Resource, setting: Sequence[Rule]) -> _Requested:
    requests, bounds = proposed_requests(resource, setting), container_bounds(resource, setting)
    if bounds:
        requests = lowered_requests(resource, requests, bounds)
    return _Requested(
        resource=resource, requests=requests, so_far=requests_so_far(resource, requests), bounds=bounds
    )


def _guaranteed(
    rules: Rules, setting: Sequence[Rule], requested: Sequence[_Requested]
) -> dict[str, List[Resources]]:
    """All requests and limits by the name of the resource: those of the QoS class Guaranteed, or without it.

    A policy must request the class, and all containers must reach it.
    """
    plain = {each.resource.name: _resolve(each, setting, guarantee=False) for each in requested}
    requesting = [rule for rule in setting if rule.defaults.guaranteed]
    if not requesting:
        return plain
    of_class = {
        each.resource.name: (each.resource, _resolve(each, setting, guarantee=True))
        for each in requested
        if each.resource.name in QOS_RESOURCES
    }
    is_requested = cel.any_of(*(rules.applies(rule.precedence) for rule in requesting))
    is_reached = [each.all(lambda one: one.is_guaranteed) for _, each in of_class.values()]
    is_guaranteed = rules.program.let("isGuaranteed", cel.all_of(is_requested, *is_reached))
    taken = {
        resource.name: resource.let("resources", cel.when(is_guaranteed, each, plain[resource.name]))
        for resource, each in of_class.values()
    }
    return {**plain, **taken}


def _resolve(requested: _Requested, setting: Sequence[Rule], *, guarantee: bool) -> List[Resources]:
    """Requests and limits; with `guarantee` also the limits that the QoS class Guaranteed takes."""
    resource, bounds, name = requested.resource, requested.bounds, "guaranteed" if guarantee else "plain"
    limits = proposed_limits(resource, setting, requested.so_far, guarantee=guarantee)
    assigned = with_default_requests(resource, requested.requests, limits)
    each = resource.let(f"{name}Proposed", assigned)
    each = resource.let(f"{name}Reconciled", each.map(reconciled))
    if bounds is None:
        return each
    each = resource.let(f"{name}Moved", each.each(lambda index, one: moved(one, index, bounds)))
    each = resource.let(f"{name}MovedReconciled", each.map(reconciled))
    limited = each.each(lambda index, one: with_room_for_limit(one, index, bounds))
    each = resource.let(f"{name}WithRoomForLimit", limited)
    fitting = each.each(lambda index, one: with_room_for_request(one, index, bounds))
    return resource.let(f"{name}WithRoom", fitting)
