"""Send Pods to the Nodes that they are made for.

Matches  Pods that the scheduler will place
Reads    the controlling owner, spec.nodeName, spec.nodeSelector, spec.affinity.nodeAffinity (required)
Writes   spec.nodeSelector
Leaves   keys that the Pod sets, that a required nodeAffinity term names, or for which the namespace's
         annotation node-selector has another value; a `beta.` name counts as the new one. DaemonSet Pods and
         bound Pods. Pods created by server-side apply with a selector: they could not be applied again

A RuntimeClass adds its nodeSelector before webhooks run, so it counts as the Pod's own.
Source: `plugin/pkg/admission/podnodeselector/admission.go`, `runtimeclass/admission.go` in k8s.io/kubernetes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from msgspec import Struct

from webhook.model.affinity import required_expressions
from webhook.model.draft import Draft, Reason
from webhook.model.names import node_label
from webhook.model.placement import fixed_placement
from webhook.model.policy import Policy
from webhook.model.subject import Subject


def default_node_selector(subject: Subject, policies: Sequence[Policy], draft: Draft) -> None:
    existing = {node_label(key): value or "" for key, value in (subject.spec.nodeSelector or {}).items()}
    constraints = _constraints(subject)
    for policy in policies:
        for key, value in policy.node_selector.items():
            label = node_label(key)
            field = f"pod:nodeSelector.{label}"
            if existing.get(label) == value:
                continue
            is_kept = label in existing and not draft.is_claimed(field)
            reason = Reason.KEPT if is_kept else constraints.reason_against(label, value)
            if reason:
                draft.skip(policy, field, reason)
            elif draft.claim(policy, field, value):
                draft.set(policy, field, ("spec", "nodeSelector", key), value)


class _Constraints(Struct, frozen=True, kw_only=True):
    """What decides the placement of a Pod besides its nodeSelector."""

    fixed: Reason | None
    affinity: AbstractSet[str]
    """Labels that a required nodeAffinity term names."""
    namespace: Mapping[str, str]
    """Labels that the namespace selects."""

    def reason_against(self, label: str, value: str) -> Reason | None:
        if self.fixed:
            return self.fixed
        if label in self.affinity:
            return Reason.NODE_AFFINITY
        return None if self.namespace.get(label, value) == value else Reason.NAMESPACE


def _constraints(subject: Subject) -> _Constraints:
    is_applied = subject.declared.node_selector
    return _Constraints(
        fixed=fixed_placement(subject) or (Reason.APPLIED if is_applied else None),
        affinity={node_label(each.key) for each in required_expressions(subject.spec)},
        namespace={node_label(key): value for key, value in subject.namespace.node_selector.items()},
    )
