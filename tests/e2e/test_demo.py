"""`make demo`, and what it says one can do next, done."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import pod
from tests.support.processes import eventually


@pytest.fixture
def demo(cluster: ControlPlane) -> Iterator[tuple[subprocess.Popen[str], str]]:  # noqa: ARG001 (the binaries are built)
    """The running demo, and what it printed."""
    process = subprocess.Popen([sys.executable, "-m", "tests.e2e.demo"], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    printed = ""
    try:
        for line in process.stdout:
            printed += line
            if line.startswith("Ctrl-C ends it"):
                break
        yield process, printed
    finally:
        process.send_signal(signal.SIGINT)
        process.stdout.read()
        process.wait(60)
        process.stdout.close()


def test_shows_what_its_guide_promises(demo: tuple[subprocess.Popen[str], str]) -> None:
    process, printed = demo
    placed = re.findall(r"^(\w+) ([\w-]+): Pod [\w-]+ on Node (\w+)$", printed, re.MULTILINE)
    assert placed == [
        ("Job", "transcode", "arm64"),
        ("DaemonSet", "log-agent", "amd64"),
        ("Deployment", "web", "amd64"),
        ("StatefulSet", "inference", "gpu"),
        ("Deployment", "notebook", "gpu"),
        ("StatefulSet", "orders", "amd64"),
    ]
    assert printed.count("\n+    resizePolicy:\n") >= len(placed)
    kubeconfig = re.search(r"KUBECONFIG=(\S+)", printed)
    kubectl = re.search(r"alias kubectl=(\S+)", printed)
    assert kubeconfig
    assert kubectl

    def run(command: str) -> str:
        words = shlex.split(command, comments=True)
        assert f"  {command}" in printed
        return subprocess.run(
            [kubectl[1], *words[1:]],
            env={**os.environ, "KUBECONFIG": kubeconfig[1]},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert "inference-0" in run("kubectl get pods -o wide")
    assert "resizePolicy" in run("kubectl run plain --image=example.com/web:1 --dry-run=server -o yaml")
    with Client(Path(kubeconfig[1])) as client:

        def is_tailored() -> bool:
            created = client.create("default", pod(), dry_run=True)
            return "podtailor.dev/applied" in created["metadata"].get("annotations", {})

        run("kubectl apply -k manifests/overlays/opt-in")
        eventually("others are left alone", lambda: not is_tailored())
        run("kubectl label namespace default podtailor.dev/injection=enabled")
        eventually("who asks for it is tailored", is_tailored)
        run("kubectl apply -k manifests/overlays/audit")
        eventually("nothing is changed", lambda: not is_tailored())
        run("kubectl delete -k manifests/overlays/cluster-wide")
        assert not is_tailored()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
