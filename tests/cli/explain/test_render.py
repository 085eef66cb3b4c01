"""Explanations as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run


def test_in_words(run: Run) -> None:
    done = run("explain", "-f", "examples/gpu.yaml")
    assert done.code == 0
    for line in (
        "StatefulSet default/inference  examples/gpu.yaml:2:1",
        "  is GPU: container server requests nvidia.com/gpu",
        "  is Stateful: its controller is a StatefulSet",
        "    + gpu       matches  (built in (safe))",
        "    - arm64     match.workloadTypes: the Pod is GPU, Stateful, not ARM64",
        "    server:resizePolicy.memory = RestartContainer  by gpu",
        "    pod:tolerations = nvidia.com/gpu Exists NoSchedule  by gpu",
    ):
        assert f"{line}\n" in done.out


def test_says_what_is_left_out_and_why(run: Run) -> None:
    out = run("explain", "-f", "examples/general.yaml").out
    assert "    app:requests.cpu  kept: the Pod has its own value  (proposed by general)\n" in out


def test_says_why_a_pod_is_exempt(run: Run) -> None:
    out = run("explain", "-f", "examples/general.yaml", "-n", "kube-system").out
    assert "exempt: excluded-namespace: Pods of kube-system run the cluster" in out


def test_audit_shows_what_would_change(run: Run) -> None:
    out = run("explain", "-f", "examples/daemonset.yaml", "--mode", "audit").out
    assert "    + general   matches, audit only  (built in (safe))\n" in out
    assert "  Would set, audit only\n" in out
    assert "  Skips\n    agent:resources  daemonset: Pods of a DaemonSet must fit every Node" in out


def test_conflict_has_both_values(run: Run, tmp_path: Path) -> None:
    policy = "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: NAME}\nspec: {nodeSelector: {zone: NAME}}\n"
    (tmp_path / "p.yaml").write_text(policy.replace("NAME", "a") + "---\n" + policy.replace("NAME", "b"))
    out = run("explain", "-f", "examples/general.yaml", "-p", str(tmp_path)).out
    assert "    pod:nodeSelector.zone  a (a) takes precedence over b (b)\n" in out
    as_json = run("explain", "-f", "examples/general.yaml", "-p", str(tmp_path), "-o", "json").out
    conflict = {
        "policy": "b",
        "field": "pod:nodeSelector.zone",
        "value": "b",
        "winner": "a",
        "winningValue": "a",
    }
    assert [each["conflicts"] for each in json.loads(as_json)] == [[conflict]]


def test_json_holds_the_same(run: Run) -> None:
    (explanation,) = json.loads(run("explain", "-f", "examples/arm64.yaml", "-o", "json").out)
    assert explanation["workloadTypes"] == [
        {"type": "ARM64", "because": "label podtailor.dev/workload-type=arm64"}
    ]
    verdicts = {verdict["name"]: verdict["clause"] for verdict in explanation["policies"]}
    assert verdicts == {
        "gpu": "match.workloadTypes",
        "stateful": "match.workloadTypes",
        "arm64": None,
        "general": "match.workloadTypes",
    }
    assert explanation["changes"][0] == {
        "policy": "arm64",
        "field": "ffmpeg:resizePolicy.cpu",
        "value": {"resourceName": "cpu", "restartPolicy": "NotRequired"},
    }
    assert all(op["path"].startswith("/spec/template/") for op in explanation["patch"])
