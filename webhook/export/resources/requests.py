"""Requests that policies propose: `_propose_requests` of `webhook.edits.resources.edit` in CEL."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Int, List, Quantity, Text
from webhook.export.resources.product import Amounts, amounts_of
from webhook.export.resources.proposals import Proposal, Proposals, Resource, Rule, taken
from webhook.export.resources.stored import as_stored
from webhook.model import quantity
from webhook.model.accelerators import MAX_DEVICES


class _Request(Proposal, frozen=True, kw_only=True):
    """One amount, or one for each number of devices, from none to the most."""

    amounts: Sequence[str]
    needs_devices: bool = False


def proposed_requests(resource: Resource, rules: Sequence[Rule]) -> Proposals:
    proposed = [each for rule in rules for each in _proposed_by(rule, resource.name)]
    devices = resource.rules.pod.device_counts

    def conditions(each: _Request, index: Int) -> list[Bool]:
        may_be_filled = resource.may_be_filled(index, each.rule.policy)
        return [may_be_filled, devices[index] > 0] if each.needs_devices else [may_be_filled]

    table = cel.list_of([cel.texts(each.amounts) for each in proposed], cel.listed(Text))

    def amount(index: Int, first: Int) -> Text:
        def of_row(amounts: List[Text]) -> Text:
            return amounts[cel.when(amounts.size() == 1, cel.integer(0), devices[index])]

        return cel.let(table[first], of_row)

    return taken("requests", resource, proposed, conditions, amount)


def _proposed_by(rule: Rule, resource: str) -> list[_Request]:
    """Within a policy `perDevice` precedes `defaultRequest` if the container requests devices."""
    per_device = rule.defaults.per_device.get(resource)
    default = rule.defaults.default_request.get(resource)
    if per_device:
        of_none = as_stored(default) if default else ""
        amounts = [of_none, *_for_devices(per_device, resource)]
        return [_Request(rule=rule, amounts=amounts, needs_devices=not default)]
    return [_Request(rule=rule, amounts=[as_stored(default)])] if default else []


def _for_devices(per_device: quantity.Quantity, resource: str) -> list[str]:
    amounts = (quantity.scaled(per_device, count * 1000, resource) for count in range(1, MAX_DEVICES + 1))
    return [as_stored(amount) for amount in amounts if amount]


class RequestsSoFar(Struct, frozen=True):
    """Declared or proposed ones, which limits may follow."""

    texts: List[Text]
    quantities: List[Quantity]
    """0 for missing ones."""
    amounts: Amounts


def requests_so_far(resource: Resource, requests: Proposals) -> RequestsSoFar:
    declared = resource.declared_requests
    texts = resource.let(
        "requestsSoFar",
        requests.amounts.each(
            lambda index, proposed: cel.when(declared[index] == "", proposed, declared[index])
        ),
    )
    quantities = resource.let(
        "requestsAsQuantity",
        texts.map(lambda amount: cel.when(amount == "", cel.text("0"), amount).as_quantity()),
    )
    return RequestsSoFar(texts, quantities, amounts_of(resource.let, texts, quantities))
