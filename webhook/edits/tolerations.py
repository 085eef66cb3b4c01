"""Let Pods onto the tainted Nodes that they are made for.

Matches  Pods that the scheduler will place
Reads    the controlling owner, spec.nodeName, spec.tolerations, the accelerators that containers request
Writes   spec.tolerations
Leaves   Pods that already tolerate as much. DaemonSet Pods and bound Pods. Pods applied with tolerations:
         they could not be applied again. What the annotation tolerationsWhitelist of the namespace forbids

Source: `isSuperset` in k8s.io/kubernetes `pkg/util/tolerations/tolerations.go`, the plugin in
`plugin/pkg/admission/podtolerationrestriction/admission.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from webhook.model.accelerators import DEFAULT_TAINT, taint_key
from webhook.model.draft import Draft, Reason
from webhook.model.names import WorkloadType
from webhook.model.placement import fixed_placement
from webhook.model.pod import Toleration
from webhook.model.policy import Policy
from webhook.model.subject import Subject
from webhook.model.tolerations import is_superset

_FIELD = "pod:tolerations"


def ensure_tolerations(subject: Subject, policies: Sequence[Policy], draft: Draft) -> None:
    tolerations = list(subject.spec.tolerations or ())
    allowed = subject.namespace.allowed_tolerations
    fixed = fixed_placement(subject) or (Reason.APPLIED if subject.declared.tolerations else None)
    for policy in policies:
        for proposed in _proposals(policy, subject):
            if any(is_superset(each, proposed) for each in tolerations):
                continue
            if fixed:
                draft.skip(policy, _FIELD, fixed)
                break
            if allowed and not any(is_superset(each, proposed) for each in allowed):
                draft.skip(policy, _FIELD, Reason.NAMESPACE)
                continue
            tolerations.append(proposed)
            draft.append(policy, _FIELD, ("spec", "tolerations"), msgspec.to_builtins(proposed))


def _proposals(policy: Policy, subject: Subject) -> Iterator[Toleration]:
    yield from policy.tolerations
    if policy.accelerators.tolerations:
        keys = {taint_key(name) for container in subject.containers for name in container.devices.resources}
        if not keys and WorkloadType.GPU in subject.types:  # a label says GPU, no container requests a device
            keys = {DEFAULT_TAINT}
        for key in sorted(keys):
            for toleration in policy.accelerators.tolerations:
                yield msgspec.structs.replace(toleration, key=key)
