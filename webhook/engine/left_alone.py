"""Pods that no edit may touch, whatever the policies say, and why."""

from __future__ import annotations

from webhook.model.names import INJECTION, OS, OWN_NAMESPACE
from webhook.model.subject import Subject

EXCLUDED_NAMESPACES = frozenset({"kube-system", "kube-node-lease", "kube-public", OWN_NAMESPACE})
CRITICAL = frozenset({"system-node-critical", "system-cluster-critical"})
MIRROR = "kubernetes.io/config.mirror"


def left_alone(subject: Subject) -> str | None:
    """Why this Pod is left alone entirely; None where it may be tailored.

    The words before the colon are the reason that logs and metrics carry.
    """
    metadata, spec = subject.metadata, subject.spec
    if subject.namespace.name in EXCLUDED_NAMESPACES:
        return f"excluded-namespace: Pods of {subject.namespace.name} run the cluster, or podtailor itself"
    if subject.namespace.labels.get(INJECTION) == "disabled":
        return f"namespace-opted-out: namespace label {INJECTION}=disabled"
    if (metadata.labels or {}).get(INJECTION) == "disabled":
        return f"opted-out: Pod label {INJECTION}=disabled"
    if MIRROR in (metadata.annotations or {}):
        return "mirror-pod: the kubelet runs it from a file, a change here would only make the API lie"
    if (spec.os and spec.os.name == "windows") or (spec.nodeSelector or {}).get(OS) == "windows":
        return "windows: Windows Pods cannot be resized, and their resources mean other things"
    if spec.priorityClassName in CRITICAL:
        return f"critical-priority: priorityClassName {spec.priorityClassName}"
    return None
