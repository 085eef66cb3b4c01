"""Send Pods to the Nodes that they are made for: `webhook.edits.node_selector` in CEL."""

from __future__ import annotations

from collections.abc import Mapping

from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Int, List, Text
from webhook.export.patch import NOTHING, Operation, add, fixed, only
from webhook.export.pod import SPEC
from webhook.export.rules import Rules
from webhook.model.names import node_label
from webhook.model.policy import Policy

_NOBODY = -1

Claims = Mapping[str, Int]
"""By label: which of the policies that select it is the first that may; -1 for none."""


def proposals(rules: Rules, wanted: str) -> list[tuple[int, Policy, str, str]]:
    """The position of each policy that selects the label, with the key and value that it writes."""
    return [
        (position, policy, key, value)
        for position, policy in enumerate(rules.policies)
        for key, value in policy.node_selector.items()
        if node_label(key) == wanted
    ]


def claims(rules: Rules) -> Claims:
    """For each label that a policy selects."""
    labels = sorted({node_label(key) for policy in rules.policies for key in policy.node_selector})
    return {
        each: rules.program.let(f"nodeSelectorClaim{number}", claim(rules, each))
        for number, each in enumerate(labels)
    }


def claim(rules: Rules, wanted: str) -> Int:
    place = rules.placement
    is_kept = cel.any_of(
        place.is_fixed,
        place.declared.node_selector,
        cel.text(wanted).one_of(place.selected),
        cel.text(wanted).one_of(place.required),
    )
    first = cel.first_true(
        [
            rules.applies(position) & _namespace_allows(rules, wanted, value)
            for position, _, _, value in proposals(rules, wanted)
        ]
    )
    return cel.when(is_kept, cel.integer(_NOBODY), first)


def default_node_selector(rules: Rules, claimed: Claims) -> List[Operation]:
    if not claimed:
        return NOTHING
    writes = []
    for wanted, first in claimed.items():
        asking = proposals(rules, wanted)
        paths = cel.list_of([fixed(("spec", "nodeSelector", key)) for _, _, key, _ in asking], Text)
        values = cel.texts(value for _, _, _, value in asking)
        writes.append(cel.when(first >= 0, only(add(paths[first], values[first])), NOTHING))
    is_missing = ~SPEC.has("nodeSelector") & cel.any_of(*(first >= 0 for first in claimed.values()))
    parent = only(add(fixed(("spec", "nodeSelector")), cel.map_of({}, Text)))
    return cel.concatenated([cel.when(is_missing, parent, NOTHING), *writes], Operation)


def _namespace_allows(rules: Rules, wanted: str, value: str) -> Bool:
    """The plugin PodNodeSelector denies a Pod that selects another value than its namespace."""
    decided = rules.placement.namespace.filter(lambda pair: pair.starts_with(f"{wanted}="))
    return cel.let(decided, lambda pairs: pairs.is_empty() | (pairs[pairs.size() - 1] == f"{wanted}={value}"))
