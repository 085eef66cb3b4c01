"""Find out what kind of workload a Pod is.

The Pod's label replaces detection; detection reads the Pod alone; the namespace's default joins what was
detected. A Pod can have several types, and is General only when no other fits.
"""

from __future__ import annotations

from msgspec import Struct

from webhook.model.affinity import required_terms
from webhook.model.names import ARCH, DEFAULT_WORKLOAD_TYPE, WORKLOAD_TYPE, WorkloadType, node_label
from webhook.model.notice import Notice
from webhook.model.pod import NodeSelectorTerm
from webhook.model.subject import Subject

_TYPES = tuple(WorkloadType)
_WORDS = {workload_type.lower(): workload_type for workload_type in WorkloadType}


class Classification(Struct, frozen=True):
    """The types in the order GPU, Stateful, ARM64, General, with what each was seen by."""

    evidence: tuple[tuple[WorkloadType, str], ...]
    warnings: tuple[Notice, ...] = ()

    @property
    def types(self) -> tuple[WorkloadType, ...]:
        return tuple([workload_type for workload_type, _ in self.evidence])


def classify(subject: Subject) -> Classification:
    label = subject.labels.get(WORKLOAD_TYPE)
    warnings: tuple[Notice, ...] = ()
    if label is not None:
        found, warnings = _read_label(label, f"label {WORKLOAD_TYPE}")
        if found:
            return Classification(found, warnings)
    evidence = {workload_type: seen for workload_type, detect in _DETECTORS if (seen := detect(subject))}
    default = subject.namespace.labels.get(DEFAULT_WORKLOAD_TYPE)
    if label is None and default is not None:
        joined, warnings = _read_label(default, f"namespace label {DEFAULT_WORKLOAD_TYPE}")
        for workload_type, seen in joined:
            evidence.setdefault(workload_type, seen)
    if len(evidence) > 1:
        evidence.pop(WorkloadType.GENERAL, None)
    if not evidence:
        evidence[WorkloadType.GENERAL] = "no other type fits"
    return Classification(tuple([(each, evidence[each]) for each in _TYPES if each in evidence]), warnings)


def _read_label(value: str, where: str) -> tuple[tuple[tuple[WorkloadType, str], ...], tuple[Notice, ...]]:
    """The known types that a label's words name, joined with `.`, any case; a warning for the others."""
    words = [word for word in value.lower().split(".") if word]
    named = {_WORDS[word] for word in words if word in _WORDS}
    if len(named) > 1:
        named.discard(WorkloadType.GENERAL)
    unknown = [word for word in words if word not in _WORDS]
    warnings: tuple[Notice, ...] = ()
    if unknown:
        detail = f"{where}: {', '.join(unknown)} is none of {', '.join(_WORDS)}"
        warnings = (Notice("unknown-workload-type", detail),)
    found = tuple((each, f"{where}={value}") for each in WorkloadType if each in named)
    return found, warnings


def _requests_accelerator(subject: Subject) -> str | None:
    for container in subject.containers:
        if container.devices.resources:
            return (
                f"{container.kind.value} {container.name} asks for {', '.join(container.devices.resources)}"
            )
    return None


def _is_stateful(subject: Subject) -> str | None:
    if subject.owner == "StatefulSet":
        return "its controller is a StatefulSet"
    for index, volume in enumerate(subject.spec.volumes or ()):
        if volume.persistentVolumeClaim or volume.ephemeral:
            source = "persistentVolumeClaim" if volume.persistentVolumeClaim else "ephemeral"
            return f"spec.volumes[{index}] is of kind {source}"
    return None


def _requires_arm64(subject: Subject) -> str | None:
    for key, value in (subject.spec.nodeSelector or {}).items():
        if value == "arm64" and node_label(key) == ARCH:
            return f"nodeSelector {key}=arm64"
    # The scheduler takes any one term: only where every term asks for arm64 must the Pod run there.
    terms = required_terms(subject.spec)
    if terms and all(map(_asks_for_arm64, terms)):
        return "every required nodeAffinity term asks for arm64"
    return None


def _asks_for_arm64(term: NodeSelectorTerm) -> bool:
    return any(
        each.values == ["arm64"] and each.operator == "In" and node_label(each.key) == ARCH
        for each in term.matchExpressions or ()
    )


_DETECTORS = (
    (WorkloadType.GPU, _requests_accelerator),
    (WorkloadType.STATEFUL, _is_stateful),
    (WorkloadType.ARM64, _requires_arm64),
)
