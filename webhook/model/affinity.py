"""The part of a Pod's affinity that decides where it may be scheduled."""

from __future__ import annotations

from collections.abc import Sequence

from webhook.model.pod import NodeSelectorTerm, PodSpec


def required_terms(spec: PodSpec) -> Sequence[NodeSelectorTerm]:
    """The terms of the required nodeAffinity: any one of them is enough for the scheduler."""
    affinity = spec.affinity and spec.affinity.nodeAffinity
    required = affinity and affinity.requiredDuringSchedulingIgnoredDuringExecution
    return (required and required.nodeSelectorTerms) or ()
