"""What must be rendered first is: by the command that the error names, with the real helm and kubectl."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.controlplane.build import Unavailable, binary

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
spec:
  template:
    spec:
      containers:
      - {name: app, image: {{ .Values.image | quote }}}
"""
OVERLAY = "manifests/overlays/cluster-wide"
KUSTOMIZATION = f"{OVERLAY}/kustomization.yaml"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Only helm, kubectl and podtailor are on the PATH."""
    folder = tmp_path_factory.mktemp("bin")
    try:
        tools = {name: binary(name) for name in ("helm", "kubectl")}
    except Unavailable as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"END-TO-END TESTS DO NOT RUN: {reason}")
    tools["podtailor"] = Path(sys.executable).parent / "podtailor"
    for name, path in tools.items():
        (folder / name).symlink_to(path)
    return {**os.environ, "PATH": str(folder), "HOME": str(folder)}


@pytest.fixture(scope="module")
def chart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("chart")
    (folder / "templates").mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
    (folder / "values.yaml").write_text("image: example.com/web:1\n")
    (folder / "templates" / "deployment.yaml").write_text(DEPLOYMENT)
    return folder


def _run(command: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.parametrize("path", ["CHART", "CHART/templates", "CHART/templates/deployment.yaml", OVERLAY])
@pytest.mark.parametrize("verb", ["audit", "explain", "mutate"])
def test_the_command_that_the_error_names_does_it(
    environment: dict[str, str], chart: Path, verb: str, path: str
) -> None:
    path = path.replace("CHART", str(chart))
    refused = _run(f"podtailor {verb} {path}", environment)
    assert (refused.returncode, refused.stdout) == (2, "")
    error, hint = refused.stderr.splitlines()
    assert error.startswith(f"error: {path}")
    assert error.endswith("[not-rendered]")
    done = _run(hint.removeprefix("hint: "), environment)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Deployment" in done.stdout or "deployment" in done.stdout


def test_a_kustomization_is_audited_object_by_object(environment: dict[str, str]) -> None:
    done = _run(f"podtailor audit -k {OVERLAY} -o json", environment)
    assert (done.returncode, done.stderr) == (0, "")
    *objects, _ = map(json.loads, done.stdout.splitlines())
    assert [(each["kind"], each["name"], each["file"]) for each in objects] == [
        ("Deployment", "podtailor", KUSTOMIZATION)
    ]


def test_what_no_policy_changes_is_what_kubectl_renders(environment: dict[str, str]) -> None:
    rendered = _run(f"kubectl kustomize {OVERLAY}", environment).stdout
    assert _run(f"podtailor mutate -k {OVERLAY} --builtin off", environment).stdout == rendered


def test_a_kustomization_that_kubectl_refuses_is_refused_in_its_words(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "kustomization.yaml").write_text("resources: [missing.yaml]\n")
    done = _run(f"podtailor audit -k {tmp_path}", environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {tmp_path}: kubectl kustomize failed:\n")
    assert "missing.yaml" in done.stderr
    elsewhere = _run(f"podtailor audit -k {tmp_path / 'nowhere'}", environment)
    assert (elsewhere.returncode, elsewhere.stdout) == (2, "")
    assert "nowhere" in elsewhere.stderr
