"""Declare how each container takes an in-place resize: `webhook.edits.resize_policy` in CEL."""

from __future__ import annotations

from collections.abc import Mapping

from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Int, List, Map, Text
from webhook.export.patch import NOTHING, Operation, add, only
from webhook.export.pod import NO_ITEMS, NO_TEXT, SPEC, Container
from webhook.export.rules import Rules
from webhook.export.scope import covers
from webhook.model.policy import Policy, Scope

_RESIZABLE = ("cpu", "memory")
_RESTART = "RestartContainer"
_NONE = cel.list_of([], cel.mapped(Text))


def ensure_resize_policy(rules: Rules) -> List[Operation]:
    asking = [
        (position, policy)
        for position, policy in enumerate(rules.policies)
        if policy.resize_policy or policy.accelerators.resize_policy
    ]
    if not asking:
        return NOTHING
    containers = rules.pod.containers
    editable = rules.program.let(
        "resizable",
        containers.map(
            lambda one: ~one.is_init & ~one.is_skipped & ~rules.declared.has_resize_policy_of(one)
        ),
    )
    scopes = _scopes(asking, rules)
    claims = {resource: _claims(resource, asking, scopes, editable, rules) for resource in _RESIZABLE}
    entries = {resource: _entries(resource, asking, claims[resource], rules) for resource in _RESIZABLE}
    cpu, memory = (entries[resource] for resource in _RESIZABLE)
    ranks = {resource: _ranks(resource, asking, claims[resource], rules) for resource in _RESIZABLE}

    def missing(index: Int) -> List[Map[Text]]:
        """In order of precedence, then cpu before memory."""
        memory_first = (ranks["memory"][index] >= 0) & (ranks["memory"][index] < ranks["cpu"][index])
        return cel.when(memory_first, memory[index] + cpu[index], cpu[index] + memory[index])

    added = rules.program.let("resizePolicies", containers.each(lambda index, one: missing(index)))  # noqa: ARG005

    def append(index: Int, one: Container) -> List[Operation]:
        """One by one: existing entries, copied, would be of a type that has no JSON."""
        path = one.path + "/resizePolicy"
        appended = added[index].map(lambda entry: add(path + "/-", entry))
        listed = cel.when(one.view.has("resizePolicy"), appended, only(add(path, added[index])))
        return cel.when(added[index].is_empty(), NOTHING, listed)

    return containers.each(append).flatten()


def _proposed(policy: Policy) -> Mapping[str, str]:
    """For containers that request an accelerator."""
    return {**policy.resize_policy, **policy.accelerators.resize_policy}


def _asking(resource: str, asking: list[tuple[int, Policy]]) -> list[tuple[int, Policy]]:
    return [(position, policy) for position, policy in asking if resource in _proposed(policy)]


def _scopes(asking: list[tuple[int, Policy]], rules: Rules) -> dict[int, List[Bool]]:
    """Which containers are in the scope of each policy that has one: variables with budgets of their own."""

    def in_scope(scope: Scope) -> List[Bool]:
        return rules.pod.containers.map(lambda one: covers(scope, one))

    return {
        position: rules.program.let(f"resizeScope{position}", in_scope(policy.containers))
        for position, policy in asking
        if not policy.containers.is_all
    }


def _claims(
    resource: str,
    asking: list[tuple[int, Policy]],
    scopes: dict[int, List[Bool]],
    editable: List[Bool],
    rules: Rules,
) -> List[Int]:
    """For each container, which of the policies that propose something for the resource is the first."""

    def proposes(position: int, policy: Policy, index: Int, one: Container) -> Bool:
        always = resource in policy.resize_policy
        if_device = cel.boolean(True) if always else ~one.devices.is_empty()
        in_scope = scopes[position][index] if position in scopes else cel.boolean(True)
        return cel.all_of(rules.applies(position), in_scope, if_device)

    def claim(index: Int, one: Container) -> Int:
        existing = one.view.maybe("resizePolicy", default=NO_ITEMS)
        is_set = existing.exists(lambda entry: entry.field("resourceName", Text) == resource)
        first = cel.first_true(
            [proposes(position, policy, index, one) for position, policy in _asking(resource, asking)]
        )
        return cel.when(~editable[index] | is_set, cel.NONE_HOLDS, first)

    return rules.program.let(f"{resource}ResizeClaims", rules.pod.containers.each(claim))


def _entries(
    resource: str, asking: list[tuple[int, Policy]], claims: List[Int], rules: Rules
) -> List[List[Map[Text]]]:
    """The entry to add for each container, or none: RestartContainer is left out where nothing restarts."""
    policies = [policy for _, policy in _asking(resource, asking)]
    plain = cel.texts(policy.resize_policy.get(resource, "") for policy in policies)
    accelerated = cel.texts(_proposed(policy)[resource] for policy in policies)
    never = SPEC.maybe("restartPolicy", default=NO_TEXT) == "Never"

    def wish(index: Int, one: Container) -> Text:
        claim = claims[index]
        proposed = cel.when(one.devices.is_empty(), plain[claim], accelerated[claim])
        return cel.when(claim < 0, NO_TEXT, proposed)

    wishes = rules.program.let(f"{resource}RestartPolicies", rules.pod.containers.each(wish))

    def entry(index: Int, one: Container) -> List[Map[Text]]:
        never_restarts = never | (one.view.maybe("restartPolicy", default=NO_TEXT) == "Never")
        is_left_out = (wishes[index] == "") | ((wishes[index] == _RESTART) & never_restarts)
        made = cel.map_of({"resourceName": cel.text(resource), "restartPolicy": wishes[index]}, Text)
        return cel.when(is_left_out, _NONE, cel.list_of([made], cel.mapped(Text)))

    return rules.program.let(f"{resource}ResizePolicies", rules.pod.containers.each(entry))


def _ranks(resource: str, asking: list[tuple[int, Policy]], claims: List[Int], rules: Rules) -> List[Int]:
    """The position of the policy that claims the resource, for each container."""
    positions = cel.integers(position for position, _ in _asking(resource, asking))
    ranks = claims.map(lambda claim: cel.when(claim < 0, cel.NONE_HOLDS, positions[claim]))
    return rules.program.let(f"{resource}ResizeRanks", ranks)
