"""Pods that no edit may touch, whatever the policies say, and why."""

from __future__ import annotations

from webhook.model.names import INJECTION, OS, OWN_NAMESPACE
from webhook.model.pod import NO_RESOURCES, ObjectMeta, PodSpec
from webhook.model.subject import Namespace

EXCLUDED_NAMESPACES = frozenset({"kube-system", "kube-node-lease", "kube-public", OWN_NAMESPACE})
CRITICAL = frozenset({"system-node-critical", "system-cluster-critical"})
MIRROR = "kubernetes.io/config.mirror"
# Containers, each for four, the resources that they name, and tolerations. The largest Pods that run have a
# few hundred. Nobody who may create Pods can make the others wait.
MOST_PARTS = 1000
_LONG_IMAGE = 256


def left_alone(metadata: ObjectMeta, spec: PodSpec, namespace: Namespace) -> str | None:
    """Why this Pod is left alone entirely; None where it may be tailored.

    The words before the colon are the reason that logs and metrics carry.
    """
    if namespace.name in EXCLUDED_NAMESPACES:
        return f"excluded-namespace: Pods of {namespace.name} run the cluster, or podtailor itself"
    if namespace.labels.get(INJECTION) == "disabled":
        return f"namespace-opted-out: namespace label {INJECTION}=disabled"
    if (metadata.labels or {}).get(INJECTION) == "disabled":
        return f"opted-out: Pod label {INJECTION}=disabled"
    if MIRROR in (metadata.annotations or {}):
        return "mirror-pod: the kubelet runs it from a file, a change here would only make the API lie"
    if (spec.os and spec.os.name == "windows") or (spec.nodeSelector or {}).get(OS) == "windows":
        return "windows: Windows Pods cannot be resized, and their resources mean other things"
    if spec.priorityClassName in CRITICAL:
        return f"critical-priority: priorityClassName {spec.priorityClassName}"
    if _parts(spec) > MOST_PARTS:
        return f"too-large: more than {MOST_PARTS} containers (four each), resources and tolerations"
    return None


def _parts(spec: PodSpec) -> int:
    parts = len(spec.tolerations or ())
    for containers in (spec.containers, spec.initContainers):
        for container in containers or ():
            resources = container.resources or NO_RESOURCES
            named = len(resources.limits or ()) + len(resources.requests or ())
            parts += 4 + named + len(container.image or "") // _LONG_IMAGE
    return parts
