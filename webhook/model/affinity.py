"""The part of a Pod's affinity that decides where it may be scheduled."""

from __future__ import annotations

from collections.abc import Iterator

from webhook.model.pod import NodeSelectorTerm, PodSpec


def required_terms(spec: PodSpec) -> Iterator[NodeSelectorTerm]:
    """The terms of the required nodeAffinity: any one of them is enough for the scheduler."""
    affinity = spec.affinity and spec.affinity.nodeAffinity
    required = affinity and affinity.requiredDuringSchedulingIgnoredDuringExecution
    yield from (required and required.nodeSelectorTerms) or ()
