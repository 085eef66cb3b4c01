"""Send Pods to the Nodes that they are made for.

Matches  Pods that the scheduler will place
Reads    the controlling owner, spec.nodeName, spec.nodeSelector, spec.affinity.nodeAffinity (required)
Writes   spec.nodeSelector
Leaves   keys that the Pod sets or that a required nodeAffinity term names, under their old `beta.` name
         too; DaemonSet Pods, whose controller plans from the template and would create and fail for ever;
         Pods already bound by `spec.nodeName`
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from webhook.model.draft import Draft, Reason
from webhook.model.names import OLD_KEYS
from webhook.model.pod import NodeSelectorTerm, PodSpec
from webhook.model.policy import Policy
from webhook.model.subject import Subject


def default_node_selector(subject: Subject, policies: Sequence[Policy], draft: Draft) -> None:
    there = subject.spec.nodeSelector or {}
    for policy in policies:
        for key, value in policy.node_selector.items():
            field = f"pod:nodeSelector.{key}"
            known = next((there[name] or "" for name in (key, OLD_KEYS.get(key)) if name in there), None)
            if known == value:
                continue
            reason = Reason.KEPT if known is not None else _unplaceable(subject, key)
            if reason:
                draft.skip(policy, field, reason)
            elif draft.claim(policy, field, value):
                draft.set(policy, field, ("spec", "nodeSelector", key), value)


def _unplaceable(subject: Subject, key: str) -> Reason | None:
    if subject.is_daemon:
        return Reason.DAEMON_SET
    if subject.spec.nodeName:
        return Reason.NODE_NAME
    names = (key, OLD_KEYS.get(key))
    if any(
        expression.key in names
        for term in required_terms(subject.spec)
        for expression in term.matchExpressions or ()
    ):
        return Reason.NODE_AFFINITY
    return None


def required_terms(spec: PodSpec) -> Iterator[NodeSelectorTerm]:
    """The terms of the required nodeAffinity: any one of them is enough for the scheduler."""
    affinity = spec.affinity and spec.affinity.nodeAffinity
    required = affinity and affinity.requiredDuringSchedulingIgnoredDuringExecution
    yield from (required and required.nodeSelectorTerms) or ()
