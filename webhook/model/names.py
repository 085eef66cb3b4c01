"""Names that users see: labels, annotations, workload types, modes."""

from __future__ import annotations

from enum import StrEnum

PREFIX = "podtailor.dev/"
INJECTION = "podtailor.dev/injection"
MODE = "podtailor.dev/mode"
DEFAULT_WORKLOAD_TYPE = "podtailor.dev/default-workload-type"
WORKLOAD_TYPE = "podtailor.dev/workload-type"
PRESET = "podtailor.dev/preset"
SKIP_CONTAINERS = "podtailor.dev/skip-containers"
APPLIED = "podtailor.dev/applied"
# Lists what LimitRanger has set (k8s.io/kubernetes `plugin/pkg/admission/limitranger/admission.go`).
LIMIT_RANGER = "kubernetes.io/limit-ranger"
OWN_NAMESPACE = "podtailor-system"
SERVICE = "podtailor-webhook"
CONFIGURATION = "podtailor"

ARCH = "kubernetes.io/arch"
OS = "kubernetes.io/os"
# The resources that decide the QoS class (k8s.io/kubernetes `pkg/apis/core/helper/qos/qos.go`).
QOS_RESOURCES = ("cpu", "memory")
# Kubelets still write the old keys as labels of their Node beside the new ones (well_known_labels.go).
_NEW_KEYS = {"beta.kubernetes.io/arch": ARCH, "beta.kubernetes.io/os": OS}


OLD_LABELS = tuple(_NEW_KEYS)


def old_label(label: str) -> str:
    """The old name of a Node label that has one."""
    return next(old for old, new in _NEW_KEYS.items() if new == label)


def node_label(key: str) -> str:
    """The current name of a Node label that has an old one."""
    return _NEW_KEYS.get(key, key)


class WorkloadType(StrEnum):
    """As in `match.workloadTypes` of a policy."""

    GPU = "GPU"
    STATEFUL = "Stateful"
    ARM64 = "ARM64"
    GENERAL = "General"


class Mode(StrEnum):
    """Of a policy, a namespace or the server: change Pods, only report, or neither."""

    ENFORCE = "Enforce"
    AUDIT = "Audit"
    OFF = "Off"

    def weaker(self, other: Mode) -> Mode:
        """The one of the two that changes less."""
        return other if _STRENGTH[other] < _STRENGTH[self] else self


_STRENGTH = {Mode.OFF: 0, Mode.AUDIT: 1, Mode.ENFORCE: 2}
