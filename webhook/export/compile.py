"""Policies as variables and one expression that makes a JSON Patch: `webhook.engine.apply` in CEL.

All policies together, for the API server runs several MutatingAdmissionPolicies in random order; and in one
mutation, for a second one would take what the first has set for the Pod's own.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce

from msgspec import Struct, structs

from webhook.export import node_selector
from webhook.export.cel import values as cel
from webhook.export.cel.values import Bool, Int, List, Text
from webhook.export.classify import Classified, classified, types
from webhook.export.declared import declared_lists
from webhook.export.exemptions import conditions, namespace_is_enforced
from webhook.export.match import Matching, matches, matching
from webhook.export.node_affinity import ensure_node_affinity
from webhook.export.patch import NOTHING
from webhook.export.placement import placement
from webhook.export.pod import pod_of
from webhook.export.program import Program, Variable
from webhook.export.resize_policy import ensure_resize_policy
from webhook.export.resources.edit import resources
from webhook.export.rules import Rules
from webhook.export.tolerations import ensure_tolerations
from webhook.model.accelerators import Accelerators
from webhook.model.names import ARCH, WorkloadType
from webhook.model.policy import Policy

_ARM64 = "arm64"
_DEFAULT = Accelerators()


class Compiled(Struct, frozen=True):
    conditions: tuple[Variable, ...]
    """Pods that do not fulfil one of these are left alone."""
    variables: tuple[Variable, ...]
    patch: str
    """An expression: the operations of a JSON Patch."""


def compiled(
    policies: Sequence[Policy], accelerators: Accelerators = _DEFAULT, kubernetes: int | None = None
) -> Compiled | None:
    """`policies`: in order of precedence, without those that are off or refused. None if they set nothing.

    `kubernetes`: the minor version of the API server, None if it is not known. Raises TooLarge.
    """
    program = Program()
    pod = pod_of(program, accelerators)
    found, about = classified(pod, program), matching(pod, program)
    first_types = program.let("types", types(found))
    declared = declared_lists(pod, program)
    rules = Rules(
        program=program,
        pod=pod,
        policies=policies,
        matches=program.let("matches", _matches(policies, first_types, about)),
        types=first_types,
        declared=declared,
        placement=placement(pod, declared, program),
        kubernetes=kubernetes,
    )
    sent = _sent_to_arm64(rules)
    if sent is not None:
        rules = _matched_again(rules, found, about, sent >= 0)
    claims = node_selector.claims(rules)
    if sent is not None:
        claims = {**claims, ARCH: program.let("architecture", cel.when(sent >= 0, sent, claims[ARCH]))}
    edits = (
        ensure_resize_policy(rules),
        node_selector.default_node_selector(rules, claims),
        ensure_node_affinity(rules, claims),
        ensure_tolerations(rules),
        resources(rules),
    )
    made = [operations for operations in edits if operations is not NOTHING]
    if not made:
        return None
    patch = reduce(operator.add, made)
    whole = cel.when(namespace_is_enforced(pod), patch, NOTHING)
    return Compiled(
        conditions=tuple(Variable(name, each.code.text) for name, each in conditions().items()),
        variables=tuple(program.used_by(whole)),
        patch=whole.code.text,
    )


def _matches(policies: Sequence[Policy], of_types: List[Text], about: Matching) -> List[Bool]:
    return cel.list_of([matches(policy, of_types, about) for policy in policies], Bool)


def _sent_to_arm64(rules: Rules) -> Int | None:
    """Which of the policies that select an architecture makes this an ARM64 Pod; -1 if none does.

    None if no policy can: those that match ARM64 Pods alone do not make one.
    """
    proposed = node_selector.proposals(rules).get(ARCH, [])
    sending = [each.policy for each in proposed if each.value == _ARM64]
    if all(policy.match.workload_types == (WorkloadType.ARM64,) for policy in sending):
        return None
    claim = node_selector.claim(rules, ARCH, proposed)
    values = cel.texts(each.value for each in proposed)
    is_arm64 = cel.text(_ARM64).one_of(rules.types)

    def made(first: Int) -> Int:
        return cel.when((first >= 0) & (values[first] == _ARM64), first, cel.integer(-1))

    makes = cel.let(claim, made)
    return rules.program.let("sentToArm64", cel.when(is_arm64, cel.integer(-1), makes))


def _matched_again(rules: Rules, found: Classified, about: Matching, is_sent: Bool) -> Rules:
    """The selector changes the Pod's type; otherwise a second review could match other policies."""
    again = rules.program.let("typesOnArm64", types(found, is_sent))
    matched = rules.program.let("matchesOnArm64", _matches(rules.policies, again, about))
    return structs.replace(rules, types=again, matches=matched)
