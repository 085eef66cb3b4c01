"""What policies propose for the containers, for one resource on one side; of several the first is taken.

The position of the first proposal whose test holds is the index into tables, such as that of amounts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from msgspec import Struct

from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Int, List, Text, Value
from webhook.export.resources.eligibility import Fillable, Needs
from webhook.export.rules import Rules
from webhook.model.policy import Policy, ResourceDefaults

V = TypeVar("V", bound=Value)
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
    needs: Needs


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

    def may_be_filled(self, index: Int, policy: Policy) -> Bool:
        """Whether the policy may set something of a container that it covers."""
        return self.eligibility.fillable.by(policy, index)


class Proposal(Struct, frozen=True, kw_only=True):
    rule: Rule


P = TypeVar("P", bound=Proposal)


class Proposals(Struct, frozen=True):
    """For each container what the first policy proposes."""

    amounts: List[Text]
    precedences: List[Int]
    """Of that policy; -1 without one."""


def taken(
    side: str,
    resource: Resource,
    proposed: Sequence[P],
    conditions: Callable[[P, Int], list[Bool]],
    amount: Callable[[Int, Int], Text],
) -> Proposals:
    """What the first of the proposals sets whose rule covers the container and whose conditions hold.

    `side` begins the names of variables; `conditions` and `amount` take the index of the container, `amount`
    also the position of the proposal.
    """
    if not proposed:
        return _nothing(side, resource)
    declared = resource.declared_requests if side.startswith("requests") else resource.declared_limits
    fillable = resource.eligibility.fillable
    met, positions = _met(side, resource, proposed, conditions)

    def first_of(index: Int, row: List[Bool]) -> Int:
        def first_met(holds: List[Bool]) -> Int:
            return cel.first_true(
                [
                    cel.all_of(row[each.rule.column], *(holds[at] for at in needed))
                    for each, needed in zip(proposed, positions, strict=True)
                ]
            )

        is_closed = (declared[index] != "") | ~fillable.at_all(index)
        return cel.when(is_closed, cel.NONE_HOLDS, cel.let(met[index], first_met))

    def amount_of(index: Int, first: Int) -> Text:
        return cel.when(first < 0, NO_AMOUNT, amount(index, first))

    firsts = resource.let(f"{side}First", resource.eligibility.covered.each(first_of))
    precedences = cel.integers(each.rule.precedence for each in proposed)
    return Proposals(
        resource.let(f"{side}Proposed", firsts.each(amount_of)),
        resource.let(
            f"{side}Precedence",
            firsts.map(lambda first: cel.when(first < 0, cel.NONE_HOLDS, precedences[first])),
        ),
    )


def _met(
    side: str,
    resource: Resource,
    proposed: Sequence[P],
    conditions: Callable[[P, Int], list[Bool]],
) -> tuple[List[List[Bool]], list[list[int]]]:
    """For each container which conditions hold, and for each proposal the positions of those that it needs.

    Hundreds of policies have few different ones. Written out in each test, they would take the API server
    seconds to check: its time grows with the square of the operations of an expression.
    """
    positions: list[list[int]] = []
    different: dict[str, int] = {}

    def of_container(index: Int, row: List[Bool]) -> List[Bool]:
        del row
        listed: list[Bool] = []
        for each in proposed:
            needed = [one for one in conditions(each, index) if one.code.text != "true"]
            for one in needed:
                if one.code.text not in different:
                    different[one.code.text] = len(listed)
                    listed.append(one)
            positions.append([different[one.code.text] for one in needed])
        return cel.list_of(listed, Bool)

    return resource.let(f"{side}Met", resource.eligibility.covered.each(of_container)), positions


def _nothing(side: str, resource: Resource) -> Proposals:
    containers = resource.rules.pod.containers
    return Proposals(
        resource.let(f"{side}Proposed", containers.map(lambda _one: NO_AMOUNT)),
        resource.let(f"{side}Precedence", containers.map(lambda _one: cel.NONE_HOLDS)),
    )
