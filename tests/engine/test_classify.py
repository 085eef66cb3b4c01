"""Workload types: every clause of docs/workload-types.md."""

from __future__ import annotations

import pytest

from tests.support.pods import Json, owned, pod, subject
from webhook.engine.classify import classify

ARM_TERM = "{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [arm64]}]}"
ANY_TERM = "{matchExpressions: [{key: kubernetes.io/arch, operator: In, values: [amd64, arm64]}]}"
ZONE_TERM = "{matchExpressions: [{key: zone, operator: Exists}]}"


def _affinity(*terms: str, kind: str = "requiredDuringSchedulingIgnoredDuringExecution") -> str:
    return f"affinity: {{nodeAffinity: {{{kind}: {{nodeSelectorTerms: [{', '.join(terms)}]}}}}}}"


def _labelled(value: str) -> str:
    return f"labels: {{podtailor.dev/workload-type: {value}}}"


def _types(obj: Json, labels: dict[str, str] | None = None) -> str:
    return ", ".join(classify(subject(obj, labels)).types)


@pytest.mark.parametrize(
    "general",
    [
        pytest.param(pod(), id="leaves a bare Pod General"),
        pytest.param(
            pod(container="resources: {limits: {nvidia.com/gpu: 0}}"), id="leaves a request of zero devices"
        ),
        pytest.param(
            pod(container="env: [{name: NVIDIA_VISIBLE_DEVICES, value: all}]"),
            id="leaves the NVIDIA variable",
        ),
        pytest.param(
            pod(
                "nodeSelector: {nvidia.com/gpu.present: 'true'}\ntolerations: [{key: nvidia.com/gpu, operator: Exists}]"
            ),
            id="leaves Pods that only go to GPU Nodes",
        ),
        pytest.param(
            pod("resourceClaims: [{name: gpu, resourceClaimName: gpu}]"), id="leaves resource claims"
        ),
        pytest.param(
            pod("volumes: [{name: a, emptyDir: {}}, {name: b, configMap: {name: c}}]"),
            id="leaves other volumes",
        ),
        pytest.param(
            pod(metadata="ownerReferences: [{kind: StatefulSet}, {kind: ReplicaSet, controller: true}]"),
            id="leaves a StatefulSet that owns but does not control",
        ),
        pytest.param(pod("nodeSelector: {kubernetes.io/arch: amd64}"), id="leaves other architectures"),
        pytest.param(pod(_affinity(ANY_TERM)), id="leaves a term that allows two architectures"),
        pytest.param(pod(_affinity(ARM_TERM, ZONE_TERM)), id="leaves terms that do not all ask for arm64"),
        pytest.param(pod(_affinity()), id="leaves an affinity without terms"),
        pytest.param(
            pod(_affinity(ARM_TERM, kind="preferredDuringScheduling")),
            id="leaves an affinity that is preferred only",
        ),
    ],
)
def test_leaves(general: Json) -> None:
    assert _types(general) == "General"


@pytest.mark.parametrize(
    ("obj", "expected"),
    [
        pytest.param(
            pod(container="resources: {limits: {nvidia.com/gpu: 1}}"), "GPU", id="changes for a limit"
        ),
        pytest.param(
            pod(container="resources: {requests: {nvidia.com/gpu: 1}}"), "GPU", id="changes for a request"
        ),
        pytest.param(
            pod("initContainers: [{name: i, resources: {limits: {amd.com/gpu: 1}}}]"),
            "GPU",
            id="changes for an init container",
        ),
        pytest.param(pod(metadata=owned("StatefulSet")), "Stateful", id="changes for a StatefulSet"),
        pytest.param(
            pod("volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]", metadata=owned("ReplicaSet")),
            "Stateful",
            id="changes for a claim that no container mounts",
        ),
        pytest.param(
            pod("volumes: [{name: v, ephemeral: {volumeClaimTemplate: {}}}]"),
            "Stateful",
            id="changes for a generic ephemeral volume",
        ),
        pytest.param(
            pod("nodeSelector: {kubernetes.io/arch: arm64}"), "ARM64", id="changes for a nodeSelector"
        ),
        pytest.param(
            pod("nodeSelector: {beta.kubernetes.io/arch: arm64}"), "ARM64", id="changes for the old key"
        ),
        pytest.param(pod(_affinity(ARM_TERM)), "ARM64", id="changes for the only term"),
        pytest.param(pod(_affinity(ARM_TERM, ARM_TERM)), "ARM64", id="changes where every term asks"),
        pytest.param(
            pod(
                "nodeSelector: {kubernetes.io/arch: arm64}",
                metadata=owned("StatefulSet"),
                container="resources: {limits: {nvidia.com/gpu: 1}}",
            ),
            "GPU, Stateful, ARM64",
            id="changes for all at once",
        ),
    ],
)
def test_changes(obj: Json, expected: str) -> None:
    assert _types(obj) == expected


@pytest.mark.parametrize(
    ("value", "expected", "warned"),
    [
        pytest.param("gpu", "GPU", False, id="one type"),
        pytest.param("GPU.arm64", "GPU, ARM64", False, id="several, any case"),
        pytest.param("general", "General", False, id="general replaces detection"),
        pytest.param("general.gpu", "GPU", False, id="general beside another is dropped"),
        pytest.param("gpu.fpga", "GPU", True, id="unknown words are dropped with a warning"),
        pytest.param("fpga", "Stateful", True, id="detection runs where none is known"),
        pytest.param("''", "Stateful", False, id="detection runs for an empty label"),
        pytest.param("null", "Stateful", False, id="detection runs for a label that is null"),
    ],
)
def test_label_replaces_detection(value: str, expected: str, warned: bool) -> None:
    obj = pod("volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]", metadata=_labelled(value))
    classification = classify(subject(obj))
    assert ", ".join(classification.types) == expected
    assert bool(classification.warnings) is warned


@pytest.mark.parametrize(
    ("default", "label", "expected"),
    [
        pytest.param("gpu", None, "GPU, Stateful", id="joins what was detected"),
        pytest.param("stateful", None, "Stateful", id="adds nothing twice"),
        pytest.param("gpu", "arm64", "ARM64", id="is nothing for Pods with a label"),
        pytest.param("gpu", "fpga", "Stateful", id="is nothing for Pods with an unknown label"),
        pytest.param("fpga", None, "Stateful", id="is nothing if it is unknown"),
    ],
)
def test_namespace_default(default: str, label: str | None, expected: str) -> None:
    obj = pod(
        "volumes: [{name: v, persistentVolumeClaim: {claimName: c}}]",
        metadata=_labelled(label) if label else "",
    )
    assert _types(obj, {"podtailor.dev/default-workload-type": default}) == expected


def test_evidence() -> None:
    classification = classify(subject(pod(container="resources: {limits: {nvidia.com/gpu: 1}}")))
    assert [evidence for _, evidence in classification.evidence] == ["container app requests nvidia.com/gpu"]
