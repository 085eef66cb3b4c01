"""Send Pods to the Nodes that they are made for.

Matches  Pods that the scheduler will place
Reads    the controlling owner, spec.nodeName, spec.nodeSelector, spec.affinity.nodeAffinity (required)
Writes   spec.nodeSelector
Leaves   keys that the Pod sets, that a required nodeAffinity term names or that the namespace's annotation
         node-selector decides, an old `beta.` name counting as the new one; DaemonSet Pods, whose controller
         plans from the template and would create and fail for ever; Pods already bound by `spec.nodeName`;
         Pods that were applied with a selector by server-side apply, which could not be applied again

The nodeSelector of a RuntimeClass is in the Pod before we are called, and is the Pod's own.
Source: `plugin/pkg/admission/podnodeselector/admission.go`, `runtimeclass/admission.go` in k8s.io/kubernetes.
"""

from __future__ import annotations

from collections.abc import Sequence

from webhook.model.affinity import required_terms
from webhook.model.draft import Draft, Reason
from webhook.model.names import node_label
from webhook.model.policy import Policy
from webhook.model.subject import Subject


def default_node_selector(subject: Subject, policies: Sequence[Policy], draft: Draft) -> None:
    wishing = [policy for policy in policies if policy.node_selector]
    if not wishing:
        return
    there = {node_label(key): value or "" for key, value in (subject.spec.nodeSelector or {}).items()}
    required = {
        node_label(expression.key)
        for term in required_terms(subject.spec)
        for expression in term.matchExpressions or ()
    }
    decided = {node_label(key): value for key, value in subject.namespace.node_selector.items()}
    for policy in wishing:
        for key, value in policy.node_selector.items():
            label = node_label(key)
            field = f"pod:nodeSelector.{label}"
            if there.get(label) == value:
                continue
            is_ours = draft.is_claimed(field)
            reason = Reason.KEPT if label in there and not is_ours else _unplaceable(subject)
            if reason is None and label in required:
                reason = Reason.NODE_AFFINITY
            if reason is None and decided.get(label, value) != value:
                reason = Reason.NAMESPACE
            if reason:
                draft.skip(policy, field, reason)
            elif draft.claim(policy, field, value):
                draft.set(policy, field, ("spec", "nodeSelector", key), value)


def _unplaceable(subject: Subject) -> Reason | None:
    if subject.is_daemon:
        return Reason.DAEMON_SET
    if subject.spec.nodeName:
        return Reason.NODE_NAME
    return Reason.APPLIED if subject.declared.node_selector else None
