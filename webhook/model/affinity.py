"""The affinity that restricts where a Pod is scheduled."""

from __future__ import annotations

from collections.abc import Sequence

from webhook.model.pod import NodeSelectorTerm, PodSpec


def required_terms(spec: PodSpec) -> Sequence[NodeSelectorTerm]:
    """Terms of the required nodeAffinity: the scheduler needs one of them to match."""
    affinity = spec.affinity and spec.affinity.nodeAffinity
    required = affinity and affinity.requiredDuringSchedulingIgnoredDuringExecution
    return (required and required.nodeSelectorTerms) or ()
