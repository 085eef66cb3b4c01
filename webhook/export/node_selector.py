"""Send Pods to the Nodes that they are made for: `webhook.edits.node_selector` in CEL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from webhook.export.cel import values as cel
from webhook.export.cel.values import Int, List, Text
from webhook.export.patch import NOTHING, Operation, add, fixed, only
from webhook.export.pod import NO_TEXT, SPEC
from webhook.export.rules import Rules
from webhook.model.names import node_label
from webhook.model.policy import Policy

Claims = Mapping[str, Int]
"""By label: which of the policies that select it is the first that may; -1 for none."""


class Proposal(Struct, frozen=True):
    position: int
    """Of the policy."""
    policy: Policy
    key: str
    value: str


def proposals(rules: Rules) -> dict[str, list[Proposal]]:
    """For each label that a policy selects, what the policies propose for it, in order of precedence."""
    made: dict[str, list[Proposal]] = {}
    for position, policy in enumerate(rules.policies):
        for key, value in policy.node_selector.items():
            made.setdefault(node_label(key), []).append(Proposal(position, policy, key, value))
    return dict(sorted(made.items()))


def claims(rules: Rules) -> Claims:
    return {
        wanted: rules.program.let(f"nodeSelectorClaim{number}", claim(rules, wanted, proposed))
        for number, (wanted, proposed) in enumerate(proposals(rules).items())
    }


def claim(rules: Rules, wanted: str, proposed: Sequence[Proposal]) -> Int:
    """The plugin PodNodeSelector denies a Pod that selects another value than its namespace."""
    place = rules.placement
    is_kept = cel.any_of(
        place.is_fixed,
        place.declared.node_selector,
        cel.text(wanted).one_of(place.selected),
        cel.text(wanted).one_of(place.required),
    )
    said = place.namespace.filter(lambda pair: pair.starts_with(f"{wanted}="))
    decided = cel.let(said, lambda pairs: cel.when(pairs.is_empty(), NO_TEXT, pairs[pairs.size() - 1]))

    def first(decided: Text) -> Int:
        """Of all if the namespace does not say anything about the label, else of those with its value."""
        return cel.first_true(
            [
                rules.applies(each.position) & decided.one_of(cel.texts(["", f"{wanted}={each.value}"]))
                for each in proposed
            ]
        )

    return cel.when(is_kept, cel.NONE_HOLDS, cel.let(decided, first))


def default_node_selector(rules: Rules, claimed: Claims) -> List[Operation]:
    if not claimed:
        return NOTHING
    writes = []
    for wanted, proposed in proposals(rules).items():
        first = claimed[wanted]
        paths = cel.list_of([fixed(("spec", "nodeSelector", each.key)) for each in proposed], Text)
        values = cel.texts(each.value for each in proposed)
        writes.append(cel.when(first >= 0, only(add(paths[first], values[first])), NOTHING))
    is_missing = ~SPEC.has("nodeSelector") & cel.any_of(*(first >= 0 for first in claimed.values()))
    parent = only(add(fixed(("spec", "nodeSelector")), cel.map_of({}, Text)))
    return cel.concatenated([cel.when(is_missing, parent, NOTHING), *writes], Operation)
