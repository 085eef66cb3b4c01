"""Policy documents: which are refused, where, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.policies.documents import HEAD, assert_refused, only_policy, write
from webhook.policies.load import load


@pytest.mark.parametrize(
    "match", ["{}", "{images: null}", "{workloadTypes: [], podSelector: {}, annotations: {}, ownerKinds: []}"]
)
def test_absent_null_and_empty_are_no_clause(tmp_path: Path, match: str) -> None:
    policy = only_policy(tmp_path, f"{HEAD}  match: {match}\n  exclude: {match}\n")
    assert policy.match == policy.exclude == only_policy(tmp_path, f"{HEAD}  {{}}\n").match


# What follows `spec:`, the column of the complaint on line 5, its field, its words.
REFUSED = [
    ("reources: {}", 3, "spec.reources", 'unknown field; did you mean "resources"?'),
    ("match: {podselector: {}}", 11, "spec.match.podselector", 'unknown field; did you mean "podSelector"?'),
    ("zzz: 1", 3, "spec.zzz", "unknown field; known fields are accelerators, containers,"),
    (
        "resources: {limits: [{type: Container, defaultRequests: {}}]}",
        42,
        "spec.resources.limits[0].defaultRequests",
        'unknown field; did you mean "defaultRequest"?',
    ),
    ("mode: enforce", 3, "spec.mode", "'enforce' is not 'Enforce', 'Audit' or 'Off'"),
    ("mode: Off", 3, "spec.mode", "must be a string: YAML reads this as false, put it in quotes"),
    ("match: {workloadTypes: [gpu]}", 27, "spec.match.workloadTypes[0]", "'gpu' is not 'GPU', 'Stateful', 'ARM64' or 'General'"),
    ("priority: 1001", 3, "spec.priority", "must be less than or equal to 1000"),
    ("priority: '5'", 3, "spec.priority", "must be a whole number"),
    ("resizePolicy: {cpu: Restart}", 18, "spec.resizePolicy.cpu", "'Restart' is not 'NotRequired' or 'RestartContainer'"),
    ("resizePolicy: {gpu: NotRequired}", 18, "spec.resizePolicy.gpu", "'gpu' is not 'cpu' or 'memory'"),
    ("{resources: {limits: [{type: Pod, min: {cpu: 16Ei}, max: {cpu: 8E}}]}}", 25, "spec.resources.limits[0]", "min.cpu 16Ei is above max.cpu 8E"),
    ("match: [GPU]", 3, "spec.match", "must be a mapping"),
    ("match: {images: redis}", 11, "spec.match.images", "must be a list"),
    (
        "resources: {limits: [{type: Container, default: {cpu: 0.5}}]}",
        52,
        "spec.resources.limits[0].default.cpu",
        'must be a string: write "0.5"',
    ),
    (
        "resources: {limits: [{type: Container, default: {cpu: '1'}, defaultRequest: {cpu: '2'}}]}",
        24,
        "spec.resources.limits[0]",
        "defaultRequest.cpu 2 is above default.cpu 1",
    ),
    ("resources: {limits: [{type: Container, min: {cpu: '2'}, max: {cpu: '1'}}]}", 24, "spec.resources.limits[0]", "min.cpu 2 is above max.cpu 1"),
    ("resources: {limits: [{type: Container, min: {cpu: '2'}, defaultRequest: {cpu: '1'}}]}", 24, "spec.resources.limits[0]", "min.cpu 2 is above defaultRequest.cpu 1"),
    ("resources: {limits: [{type: Container, default: {memory: 2Gi}, max: {memory: 1500M}}]}", 24, "spec.resources.limits[0]", "default.memory 2Gi is above max.memory 1500M"),
    ("resources: {onViolation: Refuse}", 15, "spec.resources.onViolation", "'Refuse' is not 'Warn' or 'Deny'"),
    ("resources: {limits: [{type: Pods}]}", 25, "spec.resources.limits[0].type", "'Pods' is not 'Container' or 'Pod'"),
    ("resources: {limits: [{default: {}}]}", 24, "spec.resources.limits[0].type", "required"),
    ("resources: {limits: [{type: Container}, {type: Container}]}", 3, "spec.resources", "limits: at most one item of each type"),
    ("resources: {qosClass: Burstable}", 15, "spec.resources.qosClass", "'Burstable' is not 'Guaranteed'"),
    (
        "resources: {qosClass: Guaranteed, limitFactor: {cpu: '2'}}",
        3,
        "spec.resources",
        "qosClass Guaranteed makes limits equal to requests: remove limitFactor",
    ),
    ("nodeSelector: {" + ", ".join(f"k{at}: v" for at in range(33)) + "}", 3, "spec.nodeSelector", "should have at most 32 items"),
    ("nodeSelector: {a: true}", 18, "spec.nodeSelector.a", "must be a string: YAML reads this as true, put it in quotes"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "column", "field", "words"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refuses(tmp_path: Path, spec: str, column: int, field: str, words: str) -> None:
    assert_refused(tmp_path, spec, column, field, words)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("kind: Pod\n", "1:1", "kind: 'Pod' is not 'ClusterWorkloadPolicy' or 'WorkloadPolicy'"),
        ("apiVersion: podtailor.dev/v1\n", "1:1", "'podtailor.dev/v1' is not 'podtailor.dev/v1alpha1'"),
        ("- a\n", "1:1", "a policy is a mapping"),
        (HEAD.replace("{name: p}", "{name: P}") + "  {}\n", "3:12", "'P' is not a name"),
        (HEAD.replace("{name: p}", "{}") + "  {}\n", "3:1", "metadata.name: required"),
        (HEAD.replace("{name: p}", "{name: p, namespace: ns}") + "  {}\n", "1:1", "a ClusterWorkloadPolicy has no"),
        (HEAD.replace("kind: Cluster", "kind: ") + "  {}\n", "1:1", "a WorkloadPolicy in a file needs metadata.namespace"),
        (
            HEAD.replace("kind: Cluster", "kind: ").replace("p}", "p, namespace: ns}")
            + "  match: {namespaceSelector: {matchLabels: {a: b}}}\n",
            "1:1",
            "its own namespace only",
        ),
        (HEAD.rstrip("\n") + "\n", "4:1", "spec: required"),
        (
            HEAD + "  {match: {workloadTypes: [General]}, nodeSelector: {beta.kubernetes.io/arch: arm64}}\n",
            "4:1",
            "is no longer General: add ARM64",
        ),
        (
            HEAD + "  {exclude: {workloadTypes: [ARM64]}, nodeSelector: {beta.kubernetes.io/arch: arm64}}\n",
            "4:1",
            "a Pod on arm64 Nodes is ARM64: remove ARM64 from exclude.workloadTypes",
        ),
        (
            HEAD.replace("kind: Cluster", "kind: ").replace("p}", "p, namespace: ns}")
            + "  exclude: {namespaceSelector: {matchLabels: {a: b}}}\n",
            "1:1",
            "its own namespace only",
        ),
    ],
)  # fmt: skip
def test_refuses_whole_documents(tmp_path: Path, text: str, place: str, words: str) -> None:
    problems = load([write(tmp_path, text)]).problems
    assert any(
        str(problem.place).endswith(f"policy.yaml:{place}") and words in str(problem) for problem in problems
    ), problems


def test_what_a_cluster_adds_to_a_policy_is_taken(tmp_path: Path) -> None:
    metadata = "metadata: {name: p, uid: x, creationTimestamp: 2026-01-01T00:00:00Z, generation: 3}"
    only_policy(tmp_path, HEAD.replace("metadata: {name: p}", metadata) + "  {}\nstatus: {conditions: []}\n")
