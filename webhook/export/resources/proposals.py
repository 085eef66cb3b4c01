"""What policies propose for the containers, for one resource on one side; of several the first is taken.

Each proposal is a test and an amount. The position of the first test that holds is the index into a table of
amounts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Int, List, Text, Value
from webhook.export.resources.eligibility import Fillable, UnknownNeeds
from webhook.export.rules import Rules
from webhook.model.policy import Policy, ResourceDefaults

V = TypeVar("V", bound=Value)
_NOBODY = cel.integer(-1)
NO_AMOUNT = cel.text("")


class Rule(Struct, frozen=True, kw_only=True):
    """A policy that sets or bounds resources."""

    policy: Policy
    defaults: ResourceDefaults
    precedence: int
    """The position among all policies: the lower one takes precedence."""
    column: int
    """The position among these rules, in the rows of `Eligibility.covered`."""


class Eligibility(Struct, frozen=True, kw_only=True):
    """What the tests of all resources read."""

    covered: List[List[Bool]]
    fillable: Fillable
    unknown_needs: UnknownNeeds


class Resource(Struct, frozen=True, kw_only=True):
    """One resource of all containers."""

    rules: Rules
    name: str
    word: str
    """Ends the names of its variables."""
    eligibility: Eligibility
    declared_requests: List[Text]
    declared_limits: List[Text]

    def let(self, what: str, value: V) -> V:
        return self.rules.program.let(f"{what}{self.word}", value)

    def may_fill(self, rule: Rule, index: Int, row: List[Bool]) -> Bool:
        return row[rule.column] & self.eligibility.fillable.by(rule.policy, index)


class Proposals(Struct, frozen=True):
    """For each container what the first policy proposes."""

    amounts: List[Text]
    precedences: List[Int]
    """Of that policy; -1 without one."""


def taken(
    side: str,
    resource: Resource,
    rules: Sequence[Rule],
    tests: Callable[[Int, List[Bool]], list[Bool]],
    amount: Callable[[Int, Int], Text],
) -> Proposals:
    """What the first of the rules proposes whose test holds; a rule that proposes twice is there twice.

    `side` begins the names of variables, `amount` takes the container and the position in `rules`.
    """
    if not rules:
        containers = resource.rules.pod.containers
        nothing = containers.map(lambda _one: NO_AMOUNT)
        return Proposals(
            resource.let(f"{side}Proposed", nothing),
            resource.let(f"{side}Precedence", containers.map(lambda _one: _NOBODY)),
        )
    declared = resource.declared_requests if side.startswith("requests") else resource.declared_limits
    fillable = resource.eligibility.fillable

    def first_of(index: Int, row: List[Bool]) -> Int:
        is_closed = (declared[index] != "") | ~fillable.at_all(index)
        return cel.when(is_closed, _NOBODY, cel.first_true(tests(index, row)))

    def amount_of(index: Int, first: Int) -> Text:
        return cel.when(first < 0, NO_AMOUNT, amount(index, first))

    firsts = resource.let(f"{side}First", resource.eligibility.covered.each(first_of))
    precedences = cel.integers(rule.precedence for rule in rules)
    return Proposals(
        resource.let(f"{side}Proposed", firsts.each(amount_of)),
        resource.let(
            f"{side}Precedence",
            firsts.map(lambda first: cel.when(first < 0, _NOBODY, precedences[first])),
        ),
    )
