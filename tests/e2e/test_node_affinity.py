"""Where a real scheduler places Pods to which a policy adds node affinity: on no Node that they exclude."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.edits.test_node_affinity import admits
from tests.policies.documents import HEAD
from tests.support.pods import Json, pod
from tests.support.processes import eventually

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
ARM, AMD = (
    {"matchExpressions": [{"key": "kubernetes.io/arch", "operator": "In", "values": [arch]}]}
    for arch in ("arm64", "amd64")
)
LINUX = {"matchExpressions": [{"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]}]}
# By name, the required terms of a Pod.
TERMS: dict[str, list[Json]] = {
    "linux": [LINUX],
    "arm": [ARM],
    "amd": [AMD],
    "empty": [{}],
    "empty-or-arm": [{}, ARM],
    "linux-or-nothing": [{"matchExpressions": []}, LINUX],
    "by-name": [{"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["arm64"]}]}],
    "arm-or-by-name": [
        ARM,
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["amd64"]}]},
    ],
}
POLICY = HEAD + "  nodeAffinity: {required: [{key: kubernetes.io/arch, operator: In, values: [amd64]}]}\n"


@pytest.fixture(scope="module")
def webhook_flags(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    file: Path = tmp_path_factory.mktemp("policies") / "amd64.yaml"
    file.write_text(POLICY)
    return ["--builtin=off", f"--policies={file}"]


def _placed(cluster: ControlPlane, namespace: str) -> dict[str, tuple[Json, str]]:
    """By name, the spec of each Pod and its Node; empty if the scheduler finds none."""
    items = []
    for name, terms in TERMS.items():
        made = pod("tolerations: [{operator: Exists}]")
        made["metadata"] = {"name": name, "namespace": namespace}
        made["spec"]["affinity"] = {"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": terms}}}
        items.append(made)
    cluster.kubectl(
        "create", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": items})
    )
    found: list[Json] = []

    def decided() -> bool:
        found[:] = cluster.kubectl_json("get", "pods", "-n", namespace)["items"]
        conditions = [each["status"].get("conditions", []) for each in found]
        return all(any(each["type"] == "PodScheduled" for each in of_pod) for of_pod in conditions)

    eventually("the scheduler has looked at all", decided)
    return {each["metadata"]["name"]: (each["spec"], each["spec"].get("nodeName", "")) for each in found}


def test_no_pod_is_on_a_node_that_it_excludes(cluster: ControlPlane, namespace: str, spared: str) -> None:
    nodes = {
        each["metadata"]["name"]: each["metadata"]["labels"]
        for each in cluster.kubectl_json("get", "nodes")["items"]
    }
    as_written, tailored = _placed(cluster, spared), _placed(cluster, namespace)
    for name in TERMS:
        for spec, node in (as_written[name], tailored[name]):
            fitting = [each for each, labels in nodes.items() if admits(spec, labels, each)]
            assert node in fitting if fitting else not node, (name, "the scheduler agrees with the test")
        before, (after, node) = as_written[name][0], tailored[name]
        assert not node or admits(before, nodes[node], node), name
        is_amd64 = node and nodes[node]["kubernetes.io/arch"] == "amd64"
        assert after["affinity"] == before["affinity"] or not node or is_amd64, name
    changed = {name for name in TERMS if tailored[name][0]["affinity"] != as_written[name][0]["affinity"]}
    assert changed == {"linux", "linux-or-nothing", "by-name"}
    assert {name for name, (_, node) in as_written.items() if not node} == {"empty"}
