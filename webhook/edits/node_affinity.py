"""Require or prefer Nodes by their labels, beside what the Pod itself asks of Nodes.

Matches  Pods that the scheduler will place
Reads    the controlling owner, spec.nodeName, spec.nodeSelector, spec.affinity.nodeAffinity
Writes   spec.affinity.nodeAffinity
Leaves   labels that the Pod's nodeSelector or nodeAffinity names, or that a policy selects; a `beta.` name
         counts as the new one. Preferences of which one label is left. A required nodeAffinity that matches
         no Node, or has very many terms. DaemonSet Pods and bound Pods. Pods applied with such a list: they
         could not be applied again

The scheduler needs one of the required terms to match, so a requirement goes into every one; a term without
any requirement matches no Node, and stays as it is. A new term would let the Pod onto more Nodes.
Source: `nodeaffinity.go` in k8s.io/component-helpers `scheduling/corev1/nodeaffinity`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

import msgspec
from msgspec import Struct

from webhook.model.affinity import (
    matches_nothing,
    node_affinity,
    preferred_expressions,
    required_expressions,
    required_terms,
)
from webhook.model.draft import Draft, Reason
from webhook.model.names import node_label
from webhook.model.patch import Path
from webhook.model.placement import fixed_placement
from webhook.model.pod import NodeSelectorTerm, PreferredSchedulingTerm
from webhook.model.policy import NodeAffinityRules, Policy
from webhook.model.subject import Subject
from webhook.model.text import value_text

# A requirement goes into each, and a Pod must fit into etcd, whatever it says: 1.5 MB. Pods have a few terms.
MAX_TERMS = 32
_AFFINITY = ("spec", "affinity", "nodeAffinity")
REQUIRED = (*_AFFINITY, "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
PREFERRED = (*_AFFINITY, "preferredDuringSchedulingIgnoredDuringExecution")


def ensure_node_affinity(subject: Subject, policies: Sequence[Policy], draft: Draft) -> None:
    existing = _existing(subject)
    for policy in policies:
        skips: dict[str, Reason] = {}
        writable = []
        for proposal in existing.missing(policy.node_affinity):
            selectors = [f"pod:nodeSelector.{label}" for label in proposal.labels]
            claimed = [each for each in (*selectors, *proposal.fields) if draft.is_claimed(each)]
            if reason := existing.reason_against(proposal):
                skips[proposal.fields[0]] = reason
            elif claimed:
                draft.claim(policy, claimed[0], proposal.text)
            else:
                writable.append(proposal)
        for field, reason in skips.items():
            draft.skip(policy, field, reason)
        for proposal in writable:  # later: a policy may say several things about a label
            for field in proposal.fields:  # what several policies ask of a label need not go together
                draft.claim(policy, field, proposal.text)
            for path in proposal.paths:
                draft.append(policy, proposal.fields[0], path, proposal.value)


class _Proposal(Struct, frozen=True):
    """One expression for each of some terms, or one preference."""

    labels: tuple[str, ...]
    """Of the Nodes."""
    value: dict[str, object]
    """In the shape of the API."""
    paths: tuple[Path, ...]
    """The lists that it is appended to."""
    blocked: Reason | None
    """Why nothing may be added there."""

    @property
    def fields(self) -> list[str]:
        return [f"pod:nodeAffinity.{label}" for label in self.labels]

    @property
    def text(self) -> str:
        return value_text(self.value)


class _Existing(Struct, frozen=True, kw_only=True):
    """What the Pod itself asks of Nodes."""

    fixed: Reason | None
    selected: AbstractSet[str]
    """Labels of its nodeSelector."""
    named: AbstractSet[str]
    """Labels that its nodeAffinity names."""
    required: tuple[NodeSelectorTerm, ...]
    """The terms that can match."""
    paths: tuple[Path, ...]
    """The expressions of each, or of the first if the Pod requires nothing."""
    preferred: Sequence[PreferredSchedulingTerm]
    required_blocked: Reason | None
    preferred_blocked: Reason | None

    def missing(self, rules: NodeAffinityRules) -> Iterator[_Proposal]:
        for expression in rules.required:
            if not (
                self.required and all(expression in (each.matchExpressions or ()) for each in self.required)
            ):
                yield _Proposal(
                    (node_label(expression.key),),
                    msgspec.to_builtins(expression),
                    self.paths,
                    self.required_blocked,
                )
        for term in rules.preferred:
            if term not in self.preferred:
                expressions = (term.preference and term.preference.matchExpressions) or ()
                yield _Proposal(
                    tuple(dict.fromkeys(node_label(each.key) for each in expressions)),
                    msgspec.to_builtins(term),
                    (PREFERRED,),
                    self.preferred_blocked,
                )

    def reason_against(self, proposal: _Proposal) -> Reason | None:
        if self.fixed:
            return self.fixed
        if not self.selected.isdisjoint(proposal.labels):
            return Reason.KEPT
        return Reason.NODE_AFFINITY if not self.named.isdisjoint(proposal.labels) else proposal.blocked


def _existing(subject: Subject) -> _Existing:
    spec, declared = subject.spec, subject.declared
    affinity, terms = node_affinity(spec), required_terms(spec)
    matching = [index for index, term in enumerate(terms) if not matches_nothing(term)]
    is_open = affinity.requiredDuringSchedulingIgnoredDuringExecution is None
    may_grow = is_open or 0 < len(matching) <= MAX_TERMS
    blocked = None if may_grow else Reason.NODE_AFFINITY
    expressions = (*required_expressions(spec), *preferred_expressions(spec))
    return _Existing(
        fixed=fixed_placement(subject),
        selected={node_label(key) for key in spec.nodeSelector or ()},
        named={node_label(each.key) for each in expressions},
        required=tuple(terms[index] for index in matching),
        paths=tuple((*REQUIRED, index, "matchExpressions") for index in ([0] if is_open else matching)),
        preferred=affinity.preferredDuringSchedulingIgnoredDuringExecution or (),
        required_blocked=Reason.APPLIED if declared.required_affinity else blocked,
        preferred_blocked=Reason.APPLIED if declared.preferred_affinity else None,
    )
