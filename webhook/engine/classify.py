"""Which workload types a Pod has.

The Pod's label replaces detection. Detection reads only the Pod; the namespace's default type is added to its
result. A Pod can have several types, and is General only if no other fits.
"""

from __future__ import annotations

from operator import itemgetter

from msgspec import Struct

from webhook.model.affinity import required_terms
from webhook.model.names import ARCH, DEFAULT_WORKLOAD_TYPE, WORKLOAD_TYPE, WorkloadType, node_label
from webhook.model.notice import Notice
from webhook.model.pod import NodeSelectorTerm
from webhook.model.subject import Subject

_TYPES = tuple(WorkloadType)
_WORDS = {workload_type.lower(): workload_type for workload_type in WorkloadType}


class Classification(Struct, frozen=True):
    """The types in the order GPU, Stateful, ARM64, General, each with its evidence."""

    evidence: tuple[tuple[WorkloadType, str], ...]
    warnings: tuple[Notice, ...] = ()

    @property
    def types(self) -> tuple[WorkloadType, ...]:
        return tuple(map(itemgetter(0), self.evidence))


def classify(subject: Subject) -> Classification:
    label = subject.labels.get(WORKLOAD_TYPE)
    warnings: tuple[Notice, ...] = ()
    if label is not None:
        labelled, warnings = _read_label(label, f"label {WORKLOAD_TYPE}")
        if labelled:
            return Classification(labelled, warnings)
    evidence = {workload_type: why for workload_type, detect in _DETECTORS if (why := detect(subject))}
    default = subject.namespace.labels.get(DEFAULT_WORKLOAD_TYPE)
    if label is None and default is not None:
        defaults, warnings = _read_label(default, f"namespace label {DEFAULT_WORKLOAD_TYPE}")
        for workload_type, why in defaults:
            evidence.setdefault(workload_type, why)
    if len(evidence) > 1:
        evidence.pop(WorkloadType.GENERAL, None)
    if not evidence:
        evidence[WorkloadType.GENERAL] = "no other type fits"
    return Classification(tuple([(each, evidence[each]) for each in _TYPES if each in evidence]), warnings)


def _read_label(value: str, source: str) -> tuple[tuple[tuple[WorkloadType, str], ...], tuple[Notice, ...]]:
    """The types in a label value such as `gpu.arm64`, in any case; a warning for unknown words."""
    words = [word for word in value.lower().split(".") if word]
    known = {_WORDS[word] for word in words if word in _WORDS}
    if len(known) > 1:
        known.discard(WorkloadType.GENERAL)
    unknown = [word for word in words if word not in _WORDS]
    warnings: tuple[Notice, ...] = ()
    if unknown:
        detail = f"{source}: {', '.join(unknown)} is not one of {', '.join(_WORDS)}"
        warnings = (Notice("unknown-workload-type", detail),)
    return tuple((each, f"{source}={value}") for each in _TYPES if each in known), warnings


def _requests_accelerator(subject: Subject) -> str | None:
    for container in subject.containers:
        if container.devices.resources:
            resources = ", ".join(container.devices.resources)
            return f"{container.kind.value} {container.name} requests {resources}"
    return None


def _is_stateful(subject: Subject) -> str | None:
    if subject.owner == "StatefulSet":
        return "its controller is a StatefulSet"
    for index, volume in enumerate(subject.spec.volumes or ()):
        if volume.persistentVolumeClaim or volume.ephemeral:
            source = "persistentVolumeClaim" if volume.persistentVolumeClaim else "ephemeral"
            return f"spec.volumes[{index}] is of type {source}"
    return None


def _requires_arm64(subject: Subject) -> str | None:
    for key, value in (subject.spec.nodeSelector or {}).items():
        if value == "arm64" and node_label(key) == ARCH:
            return f"nodeSelector {key}=arm64"
    # One term is enough for the scheduler, so the Pod needs arm64 only if every term requires it.
    terms = required_terms(subject.spec)
    if terms and all(map(_term_requires_arm64, terms)):
        return "every required nodeAffinity term requires arm64"
    return None


def _term_requires_arm64(term: NodeSelectorTerm) -> bool:
    return any(
        each.values == ["arm64"] and each.operator == "In" and node_label(each.key) == ARCH
        for each in term.matchExpressions or ()
    )


_DETECTORS = (
    (WorkloadType.GPU, _requests_accelerator),
    (WorkloadType.STATEFUL, _is_stateful),
    (WorkloadType.ARM64, _requires_arm64),
)
