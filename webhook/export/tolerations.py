"""Let Pods onto the tainted Nodes that they are made for: `webhook.edits.tolerations` in CEL.

What the annotation tolerationsWhitelist of the namespace forbids is not left out: CEL reads no JSON.
"""

from __future__ import annotations

import msgspec

from webhook.export.cel import values as cel
from webhook.export.cel.values import Any_, Bool, Int, List, Map, Text
from webhook.export.patch import NOTHING, Operation, add, fixed, only
from webhook.export.pod import NO_TEXT, SPEC
from webhook.export.rules import Rules
from webhook.model.accelerators import DEFAULT_TAINT, TAINTS
from webhook.model.names import WorkloadType
from webhook.model.pod import Toleration
from webhook.model.policy import Policy

_PATH = ("spec", "tolerations")
_NONE = cel.list_of([], cel.mapped(Any_))


def ensure_tolerations(rules: Rules) -> List[Operation]:
    asking = [
        (position, policy)
        for position, policy in enumerate(rules.policies)
        if policy.tolerations or policy.accelerators.tolerations
    ]
    if not asking:
        return NOTHING
    taints = _taints(rules) if any(policy.accelerators.tolerations for _, policy in asking) else None
    proposals = [
        cel.when(rules.applies(position), _proposed(policy, taints), _NONE) for position, policy in asking
    ]
    proposed = rules.program.let("proposedTolerations", cel.concatenated(proposals, cel.mapped(Any_)))
    existing = SPEC.maybe("tolerations", default=_NONE)

    def is_missing(index: Int, one: Map[Any_]) -> Bool:
        # Also what a dropped proposal would tolerate is tolerated: being a superset is transitive.
        before = existing + proposed.slice(0, index)
        return ~before.exists(lambda other: _is_superset(other, one))

    is_left = rules.placement.is_fixed | rules.placement.declared.tolerations
    missing = proposed.choose(is_missing, lambda index, one: one)  # noqa: ARG005
    added = rules.program.let("addedTolerations", cel.when(is_left, _NONE, missing))
    parent = only(add(fixed(_PATH), cel.list_of([], Any_)))
    needs_parent = ~SPEC.has("tolerations") & ~added.is_empty()
    # Each is appended: copied, a large number of an existing one would come back as a text.
    return cel.when(needs_parent, parent, NOTHING) + added.map(lambda one: add(fixed((*_PATH, "-")), one))


def _proposed(policy: Policy, taints: List[Text] | None) -> List[Map[Any_]]:
    own = cel.list_of([_literal(each) for each in policy.tolerations], cel.mapped(Any_))
    if taints is None or not policy.accelerators.tolerations:
        return own
    of_taint = taints.map(
        lambda taint: cel.list_of(
            [_literal(each, taint) for each in policy.accelerators.tolerations], cel.mapped(Any_)
        )
    )
    return own + of_taint.flatten()


def _literal(toleration: Toleration, key: Text | None = None) -> Map[Any_]:
    fields = {name: cel.as_value(value) for name, value in msgspec.to_builtins(toleration).items()}
    return cel.record({**({"key": key} if key is not None else {}), **fields})


def _taints(rules: Rules) -> List[Text]:
    """Keys of the taints of what is requested; of a Pod that only its label calls GPU, the usual one."""

    def taint(resource: Text) -> Text:
        key = resource
        for prefix, name in reversed(TAINTS):
            key = cel.when(resource.starts_with(prefix), cel.text(name), key)
        return key

    found = rules.pod.containers.map(lambda one: one.devices).flatten().map(taint).distinct().sort()
    keys = rules.program.let("deviceTaints", found)
    is_gpu = cel.text(WorkloadType.GPU.lower()).one_of(rules.types)
    default = cel.when(keys.is_empty() & is_gpu, cel.texts([DEFAULT_TAINT]), keys)
    return rules.program.let("taints", default)


def _is_superset(one: Map[Any_], other: Map[Any_]) -> Bool:
    """As `webhook.model.tolerations.is_superset`, which names the source."""

    def field(toleration: Map[Any_], name: str) -> Text:
        return toleration.maybe(name, default=NO_TEXT)

    def same(name: str) -> Bool:
        return field(one, name) == field(other, name)

    seconds = "tolerationSeconds"
    no_key = (field(one, "key") == "") & (field(one, "operator") == "Exists")
    any_time = (field(one, "effect") != "NoExecute") | ~one.has(seconds)
    lasts = other.has(seconds) & (other.field(seconds, Int) <= one.field(seconds, Int))
    is_equal = field(one, "operator").one_of(cel.texts(["", "Equal"])) & (field(other, "operator") == "Equal")
    names = ("key", "operator", "value", "effect")
    is_same = cel.all_of(
        *map(same, names),
        one.has(seconds) == other.has(seconds),
        ~one.has(seconds) | (one.field(seconds, Int) == other.field(seconds, Int)),
    )
    return cel.all_of(
        same("key") | no_key,
        (field(one, "effect") == "") | same("effect"),
        any_time | lasts,
        cel.when(is_equal, same("value"), (field(one, "operator") == "Exists") | is_same),
    )
