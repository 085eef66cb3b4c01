"""Limits that policies propose: `_propose_limits` of `webhook.edits.resources.edit` in CEL."""

from __future__ import annotations

from collections.abc import Sequence

from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Int, Text
from webhook.export.resources import product
from webhook.export.resources.proposals import Proposal, Proposals, Resource, Rule, taken
from webhook.export.resources.requests import RequestsSoFar
from webhook.export.resources.stored import as_stored
from webhook.model.names import QOS_RESOURCES
from webhook.model.policy import Origin


class _Limit(Proposal, frozen=True, kw_only=True):
    """An amount, or a multiple of the request, or with neither the request itself."""

    amount: str = ""
    factor_milli: int = 0

    @property
    def is_request(self) -> bool:
        return not self.amount and not self.factor_milli


def proposed_limits(
    resource: Resource, rules: Sequence[Rule], requests: RequestsSoFar, *, guarantee: bool
) -> Proposals:
    """With `guarantee` also those that the QoS class Guaranteed takes."""
    proposed = [each for rule in rules for each in _proposed_by(rule, resource.name, guarantee=guarantee)]
    needs = resource.eligibility.needs

    def conditions(each: _Limit, index: Int) -> list[Bool]:
        needed = [resource.may_be_filled(index, each.rule.policy)]
        if each.rule.policy.origin is Origin.BUILT_IN:
            needed.append(needs.are_known(resource.name, index))
        if each.factor_milli:
            needed.append(product.fits(requests.quantities[index], each.factor_milli))
        if each.is_request:
            needed.append(requests.texts[index] != "")
        return needed

    amounts = cel.texts(each.amount for each in proposed)
    factors = cel.integers(each.factor_milli for each in proposed)

    def multiple(index: Int, first: Int) -> Text:
        def of_factor(factor: Int) -> Text:
            return requests.amounts.product(index, factor, resource.name)

        return cel.let(factors[first], of_factor)

    def amount(index: Int, first: Int) -> Text:
        made = amounts[first]
        if any(each.is_request for each in proposed):
            made = cel.when(amounts[first] == "", requests.texts[index], made)
        if any(each.factor_milli for each in proposed):
            made = cel.when(factors[first] > 0, multiple(index, first), made)
        return made

    side = "limitsGuaranteed" if guarantee else "limits"
    return taken(side, resource, proposed, conditions, amount)


def _proposed_by(rule: Rule, resource: str, *, guarantee: bool) -> list[_Limit]:
    """Within a policy `default` precedes `limitFactor`; last come limits equal to requests."""
    default = rule.defaults.default.get(resource)
    factor = rule.defaults.limit_factor.get(resource)
    proposed = []
    if default:
        proposed.append(_Limit(rule=rule, amount=as_stored(default)))
    elif factor:
        proposed.append(_Limit(rule=rule, factor_milli=factor.milli))
    if guarantee and rule.defaults.guaranteed and resource in QOS_RESOURCES:
        proposed.append(_Limit(rule=rule))
    return proposed
