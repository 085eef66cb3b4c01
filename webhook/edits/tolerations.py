"""Let Pods onto the tainted Nodes that they are made for.

Matches  Pods that the scheduler will place, but those of DaemonSets
Reads    the controlling owner, spec.nodeName, spec.tolerations, the accelerators that containers ask for, and
         whether the Pod was applied with tolerations of its own
Writes   spec.tolerations
Leaves   Pods that already tolerate as much; DaemonSet Pods, whose controller plans from the template; bound
         Pods; Pods that were applied with tolerations, which could not be applied again; what the
         namespace's annotation tolerationsWhitelist does not allow

Source: `isSuperset` in k8s.io/kubernetes `pkg/util/tolerations/tolerations.go`, the plugin in
`plugin/pkg/admission/podtolerationrestriction/admission.go`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from webhook.model.accelerators import DEFAULT_TAINT, taint_key
from webhook.model.draft import Draft, Reason
from webhook.model.names import WorkloadType
from webhook.model.pod import Toleration
from webhook.model.policy import Policy
from webhook.model.subject import Subject
from webhook.model.tolerations import is_superset

FIELD = "pod:tolerations"


def ensure_tolerations(subject: Subject, policies: Sequence[Policy], draft: Draft) -> None:
    there = list(subject.spec.tolerations or ())
    closed = _closed(subject)
    for policy in policies:
        for wish in _wishes(policy, subject):
            if any(is_superset(one, wish) for one in there):
                continue
            if closed:
                draft.skip(policy, FIELD, closed)
                break
            allowed = subject.namespace.allowed_tolerations
            if allowed and not any(is_superset(one, wish) for one in allowed):
                draft.skip(policy, FIELD, Reason.NAMESPACE)
                continue
            there.append(wish)
            draft.append(policy, FIELD, ("spec", "tolerations"), msgspec.to_builtins(wish))


def _closed(subject: Subject) -> Reason | None:
    if subject.is_daemon:
        return Reason.DAEMON_SET
    if subject.spec.nodeName:
        return Reason.NODE_NAME
    return Reason.APPLIED if subject.declared.tolerations else None


def _wishes(policy: Policy, subject: Subject) -> Iterator[Toleration]:
    yield from policy.tolerations
    if policy.accelerators.tolerations:
        keys = {taint_key(name) for container in subject.containers for name in container.devices.resources}
        if not keys and WorkloadType.GPU in subject.types:  # a label says so; the device is not shown
            keys = {DEFAULT_TAINT}
        for key in sorted(keys):
            for toleration in policy.accelerators.tolerations:
                yield msgspec.structs.replace(toleration, key=key)
