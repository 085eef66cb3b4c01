"""The affinity that restricts where a Pod is scheduled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from webhook.model.pod import NodeAffinity, NodeSelectorRequirement, NodeSelectorTerm, PodSpec

_NONE = NodeAffinity()


def node_affinity(spec: PodSpec) -> NodeAffinity:
    return (spec.affinity and spec.affinity.nodeAffinity) or _NONE


def required_terms(spec: PodSpec) -> Sequence[NodeSelectorTerm]:
    """Terms of the required nodeAffinity: the scheduler needs one of them to match."""
    required = node_affinity(spec).requiredDuringSchedulingIgnoredDuringExecution
    return (required and required.nodeSelectorTerms) or ()


def matches_nothing(term: NodeSelectorTerm) -> bool:
    """As the scheduler reads a term that asks for nothing.

    Source: `isEmptyNodeSelectorTerm` in k8s.io/component-helpers `scheduling/corev1/nodeaffinity`.
    """
    return not (term.matchExpressions or term.matchFields)


def required_expressions(spec: PodSpec) -> Iterator[NodeSelectorRequirement]:
    """Those about labels, of all terms."""
    for term in required_terms(spec):
        yield from term.matchExpressions or ()


def preferred_expressions(spec: PodSpec) -> Iterator[NodeSelectorRequirement]:
    for each in node_affinity(spec).preferredDuringSchedulingIgnoredDuringExecution or ():
        yield from (each.preference and each.preference.matchExpressions) or ()
