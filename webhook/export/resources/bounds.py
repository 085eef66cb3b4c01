"""Bounds of containers, and whether an amount violates one: `webhook.edits.resources.bounds` in CEL.

Only `min` and `max`: a policy with a ratio is not exported.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Int, List, Text
from webhook.export.resources.proposals import NO_AMOUNT, Resource, Rule
from webhook.export.resources.stored import as_stored
from webhook.model.quantity import Quantity

_Bound = tuple[Rule, Quantity]


class ContainerBounds(Struct, frozen=True):
    """For each container the narrowest bounds of one resource; an empty text without any."""

    minimum: List[Text]
    maximum: List[Text]

    def clamped(self, amount: Text, index: Int) -> Text:
        """If a min is above a max, the max decides."""
        raised = cel.when(self._is_too_low(amount, index), self.minimum[index], amount)
        return cel.let(raised, lambda each: self.within_max(each, index))

    def within_max(self, amount: Text, index: Int) -> Text:
        return cel.when(self._is_too_high(amount, index), self.maximum[index], amount)

    def is_violated(self, amount: Text, index: Int) -> Bool:
        """A missing amount violates none."""
        return self._is_too_low(amount, index) | self._is_too_high(amount, index)

    def _is_too_low(self, amount: Text, index: Int) -> Bool:
        minimum = self.minimum[index]
        is_less = amount.as_quantity().is_less(minimum.as_quantity())
        return cel.all_of(amount != "", minimum != "", is_less)

    def _is_too_high(self, amount: Text, index: Int) -> Bool:
        maximum = self.maximum[index]
        is_greater = amount.as_quantity().is_greater(maximum.as_quantity())
        return cel.all_of(amount != "", maximum != "", is_greater)


def container_bounds(resource: Resource, rules: Sequence[Rule]) -> ContainerBounds | None:
    """Those of rules that cover the container; None if no rule has any.

    An amount that is raised to one min after the other ends at the greatest; so with every max. They are
    sorted here, so that the first one that applies decides.
    """
    name = resource.name
    minima = [(rule, found) for rule in rules if (found := rule.defaults.container.min.get(name))]
    maxima = [(rule, found) for rule in rules if (found := rule.defaults.container.max.get(name))]
    if not minima and not maxima:
        return None
    descending = sorted(minima, key=lambda bound: -bound[1].milli)
    ascending = sorted(maxima, key=lambda bound: bound[1].milli)
    covered = resource.eligibility.covered
    return ContainerBounds(
        minimum=resource.let("minimum", covered.map(lambda row: _first(row, descending))),
        maximum=resource.let("maximum", covered.map(lambda row: _first(row, ascending))),
    )


def _first(row: List[Bool], bounds: Sequence[_Bound]) -> Text:
    """The first bound of a rule that covers the container."""
    if not bounds:
        return NO_AMOUNT
    amounts = cel.texts(as_stored(amount) for _, amount in bounds)
    first = cel.first_true([row[rule.column] for rule, _ in bounds])
    return cel.let(first, lambda at: cel.when(at < 0, NO_AMOUNT, amounts[at]))
