"""Explanations as text and as JSON."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from msgspec import structs

from tests.cli.conftest import Run
from tests.support.pods import policy, snapshot
from webhook.cli.common.manifests import find_manifests
from webhook.cli.explain.render import as_json, as_text, explain_or_warn
from webhook.documents.files import read_file
from webhook.model.image_platforms import AMD64, ImagePlatforms
from webhook.model.pod import NO_SPEC
from webhook.workloads.builtin_plugins import NO_PLUGINS


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
    text = "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: NAME}\nspec: {nodeSelector: {zone: NAME}}\n"
    (tmp_path / "p.yaml").write_text(text.replace("NAME", "a") + "---\n" + text.replace("NAME", "b"))
    out = run("explain", "-f", "examples/general.yaml", "-p", str(tmp_path)).out
    assert "    pod:nodeSelector.zone  a (a) takes precedence over b (b)\n" in out
    printed = run("explain", "-f", "examples/general.yaml", "-p", str(tmp_path), "-o", "json").out
    conflict = {
        "policy": "b",
        "field": "pod:nodeSelector.zone",
        "value": "b",
        "winner": "a",
        "winningValue": "a",
    }
    assert [each["conflicts"] for each in json.loads(printed)] == [[conflict]]


def test_images_have_level_source_and_age(monkeypatch: pytest.MonkeyPatch) -> None:
    asks = policy("match: {imagePlatforms: {all: [linux/arm64]}}")
    (document,) = read_file("examples/notebook.yaml")
    (located,) = find_manifests(document)
    (image,) = [each.image for each in (located.manifest.admitted.spec or NO_SPEC).containers or ()]
    known = {str(image): ImagePlatforms(says=frozenset({AMD64}), source="index", seen=1_000_000)}
    within = structs.replace(snapshot(asks), image_platforms=known)
    explanation = explain_or_warn(located, "default", NO_PLUGINS, within)
    assert explanation
    for later, age in (
        (59, "0 minutes"),
        (119, "1 minute"),
        (7199, "119 minutes"),
        (7200, "2 hours"),
        (200_000, "2 days"),
    ):
        monkeypatch.setattr(time, "time", lambda later=later: 1_000_000 + later)
        lines = [line.plain for line in as_text(located, "default", explanation)]
        assert f"    {image}  linux/arm64: no  (index, {age} ago)" in lines
    (as_data,) = as_json(located, "default", explanation)["images"]
    assert as_data == {
        "image": image,
        "platform": "linux/arm64",
        "level": "no",
        "source": "index",
        "seen": 1_000_000,
    }


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
