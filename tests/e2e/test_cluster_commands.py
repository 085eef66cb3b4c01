"""Commands that look at the cluster once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.controlplane.cluster import ControlPlane

MODELS = "examples/policies/models.yaml"


@pytest.fixture(scope="module")
def applied(crds: ControlPlane) -> ControlPlane:
    crds.kubectl("apply", "-f", MODELS)
    crds.create_namespace("models")
    crds.kubectl("label", "namespace", "models", "team=models")
    return crds


def _run(
    cluster: ControlPlane, *arguments: str, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "webhook", *arguments, f"--kubeconfig={cluster.kubeconfig}"]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60)


def test_list_shows_those_of_the_cluster_among_the_others(applied: ControlPlane) -> None:
    listed = json.loads(_run(applied, "policies", "list", "--from-cluster", "-o", "json").stdout)
    sources = {each["name"]: each["from"] for each in listed}
    assert sources["models"] == "ClusterWorkloadPolicy models"
    assert sources["gpu"] == "built in (safe)"
    assert list(sources).index("models") < list(sources).index("gpu")


def test_show_prints_what_can_be_applied_again(applied: ControlPlane, tmp_path: Path) -> None:
    shown = _run(applied, "policies", "show", "models", "--from-cluster").stdout
    (tmp_path / "again.yaml").write_text(shown)
    assert _run(applied, "policies", "diff", "-f", str(tmp_path)).returncode == 0


def test_diff_says_what_would_change(applied: ControlPlane, tmp_path: Path) -> None:
    same = _run(applied, "policies", "diff", "-f", MODELS)
    assert (same.returncode, same.stdout, same.stderr) == (0, "", "")
    other = tmp_path / "other.yaml"
    other.write_text(Path(MODELS).read_text().replace("priority: 100", "priority: 7"))
    for changed in (
        _run(applied, "policies", "diff", "-f", str(other)),
        _run(applied, "policies", "diff", "-f", "-", stdin=other.read_text()),
    ):
        assert changed.returncode == 1
        assert changed.stdout.startswith("--- ClusterWorkloadPolicy/models\n")
        assert '-  "priority": 100,\n+  "priority": 7,\n' in changed.stdout
    empty = _run(applied, "policies", "diff", "-f", "-", stdin="# nothing\n")
    assert (empty.returncode, empty.stderr) == (2, "error: -: no policy in there\n")


def test_policy_of_a_file_is_tried_in_place_of_the_one_of_its_name(applied: ControlPlane) -> None:
    other = Path(MODELS).read_text().replace('cpu: "4"', 'cpu: "3"')
    said = _run(
        applied,
        "explain",
        "-f",
        "examples/notebook.yaml",
        "-n",
        "models",
        "-p",
        "-",
        "--from-cluster",
        stdin=other,
    ).stdout
    assert "jupyter:requests.cpu = 3  by models\n" in said


def test_policy_that_cannot_be_used_is_said(applied: ControlPlane) -> None:
    crowd = [
        {
            "apiVersion": "podtailor.dev/v1alpha1",
            "kind": "WorkloadPolicy",
            "metadata": {"name": f"p{number:02}", "namespace": "models"},
            "spec": {},
        }
        for number in range(21)
    ]
    manifest = json.dumps({"apiVersion": "v1", "kind": "List", "items": crowd})
    applied.kubectl("create", "-f", "-", stdin=manifest)
    try:
        for command in (("policies", "list"), ("explain", "-f", "examples/notebook.yaml")):
            said = _run(applied, *command).stderr
            assert said.startswith("warning: WorkloadPolicy models/p20: models has 20 older WorkloadPolicies")
    finally:
        applied.kubectl("delete", "wp", "--all", "-n", "models")


def test_explain_reasons_with_the_namespaces_and_policies_of_the_cluster(applied: ControlPlane) -> None:
    said = _run(applied, "explain", "-f", "examples/notebook.yaml", "-n", "models", "--from-cluster").stdout
    assert "    + models    matches  (ClusterWorkloadPolicy models)\n" in said
    elsewhere = _run(applied, "explain", "-f", "examples/notebook.yaml", "--from-cluster").stdout
    assert (
        "- models    match.namespaceSelector: the labels of namespace default do not fit team=models"
        in elsewhere
    )


def test_explain_a_live_pod(applied: ControlPlane) -> None:
    applied.kubectl(
        "run",
        "live",
        "--namespace=models",
        "--image=example.com/a",
        "--labels=podtailor.dev/injection=disabled",
    )
    said = _run(applied, "explain", "pod/live", "-n", "models").stdout
    assert "left alone, opted-out: Pod label podtailor.dev/injection=disabled" in said
    gone = _run(applied, "explain", "pod/gone", "-n", "models")
    assert (gone.returncode, gone.stderr) == (2, "error: pod/gone: there is none in namespace models\n")


@pytest.mark.parametrize(
    "command",
    [("policies", "list", "--from-cluster"), ("policies", "diff", "-f", MODELS), ("explain", "pod/x")],
)
def test_cluster_that_is_not_there_is_said(tmp_path: Path, command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "webhook", *command, f"--kubeconfig={tmp_path / 'none'}"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: cluster: kubeconfig {tmp_path / 'none'}: ")
