"""Pods to which no policy is applied, and why."""

from __future__ import annotations

from webhook.engine.metadata_warnings import opts_out
from webhook.model.affinity import required_expressions
from webhook.model.names import INJECTION, OS, OWN_NAMESPACE, node_label
from webhook.model.notice import Notice
from webhook.model.pod import NO_RESOURCES, ObjectMeta, PodSpec
from webhook.model.subject import Namespace

EXCLUDED_NAMESPACES = frozenset({"kube-system", "kube-node-lease", "kube-public", OWN_NAMESPACE})
CRITICAL = frozenset({"system-node-critical", "system-cluster-critical"})
MIRROR = "kubernetes.io/config.mirror"
# Containers (each counts as four), their resources, and tolerations. The largest real Pods have a few
# hundred. Without a bound, one huge Pod could make other reviews wait.
MAX_PARTS = 1000
LONG_IMAGE = 256


def exemption(metadata: ObjectMeta, spec: PodSpec, namespace: Namespace) -> Notice | None:
    """Why no policy is applied to this Pod; None if policies may be."""
    if namespace.name in EXCLUDED_NAMESPACES:
        return Notice("excluded-namespace", f"Pods of {namespace.name} run the cluster, or podtailor itself")
    if opts_out(namespace.labels):
        return Notice("namespace-opted-out", f"namespace label {INJECTION}={namespace.labels[INJECTION]}")
    labels, annotations = metadata.labels or {}, metadata.annotations or {}
    if opts_out(labels):
        return Notice("opted-out", f"Pod label {INJECTION}={labels[INJECTION]}")
    if opts_out(annotations):
        return Notice("opted-out", f"Pod annotation {INJECTION}={annotations[INJECTION]}")
    if MIRROR in annotations:
        return Notice("mirror-pod", "the kubelet runs it from a file and ignores changes made in the API")
    if _may_run_on_windows(spec):
        return Notice("windows", "Windows Pods cannot be resized, and their resources have other semantics")
    if spec.priorityClassName in CRITICAL:
        return Notice("critical-priority", f"priorityClassName {spec.priorityClassName}")
    if _parts(spec) > MAX_PARTS:
        return Notice(
            "too-large",
            f"more than {MAX_PARTS} containers (each counts as four), resources, tolerations",
        )
    return None


def _may_run_on_windows(spec: PodSpec) -> bool:
    """By spec.os, nodeSelector, or any required nodeAffinity term: one term is enough for the scheduler."""
    if spec.os and spec.os.name == "windows":
        return True
    selector = spec.nodeSelector or {}
    if "windows" in selector.values() and any(
        value == "windows" and node_label(key) == OS for key, value in selector.items()
    ):
        return True
    return spec.affinity is not None and any(
        node_label(each.key) == OS
        and (
            (each.operator == "In" and "windows" in (each.values or ()))
            or (each.operator == "NotIn" and "linux" in (each.values or ()))
        )
        for each in required_expressions(spec)
    )


def _parts(spec: PodSpec) -> int:
    parts = len(spec.tolerations or ())
    for containers in (spec.containers, spec.initContainers):
        for container in containers or ():
            resources = container.resources or NO_RESOURCES
            amounts = len(resources.limits or ()) + len(resources.requests or ())
            parts += 4 + amounts + len(container.image or "") // LONG_IMAGE
    return parts
