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
from typing import Any

import pytest

from tests.e2e.client import Client
from tests.e2e.conftest import FAILURES
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.creating import Creating
from tests.e2e.demo import as_written
from tests.e2e.traffic import is_marked
from tests.support.demos import Demo, running_demo
from tests.support.pods import pod
from tests.support.processes import eventually


@pytest.fixture
def demo(cluster: ControlPlane) -> Iterator[Demo]:  # noqa: ARG001 (the binaries are built)
    with running_demo([sys.executable, "-m", "tests.e2e.demo"]) as running:
        yield running


@pytest.mark.soak
def test_shows_what_its_guide_promises(demo: Demo) -> None:
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
    assert not re.findall(r"^-(?!-- ).*", printed, re.MULTILINE), "what is written stays"
    kubeconfig = re.search(r"KUBECONFIG=(\S+)", printed)
    kubectl = re.search(r"alias kubectl=(\S+)", printed)
    assert kubeconfig
    assert kubectl

    environment = {**os.environ, "KUBECONFIG": kubeconfig[1]}

    def run(command: str) -> str:
        words = shlex.split(command, comments=True)
        assert f"  {command}" in printed
        return subprocess.run(
            [kubectl[1], *words[1:]],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    assert "inference-0" in run("kubectl get pods -o wide")
    assert "resizePolicy" in run("kubectl run plain --image=example.com/web:1 --dry-run=server -o yaml")
    with Client(Path(kubeconfig[1])) as client:

        def is_tailored() -> bool:
            return is_marked(client.create("default", pod(), dry_run=True))

        def failed_calls() -> list[str]:
            metrics = subprocess.run(
                [kubectl[1], "get", "--raw=/metrics"],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
            return [line for line in metrics.splitlines() if line.startswith(FAILURES)]

        before = failed_calls()
        with Creating(client, "default") as creating:
            run("kubectl apply -k manifests/overlays/opt-in")
            eventually("others are left alone", lambda: not is_tailored())
            run("kubectl label namespace default podtailor.dev/injection=enabled")
            eventually("who asks for it is tailored", is_tailored)
            run("kubectl apply -k manifests/overlays/audit")
            eventually("nothing is changed", lambda: not is_tailored())
        creating.check()
        assert failed_calls() == before, "no Pod is missed after an overlay is applied"
        run("kubectl delete -k manifests/overlays/cluster-wide")
        assert not is_tailored()
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0


@pytest.mark.parametrize(
    ("written", "live"),
    [
        pytest.param(
            {"requests": {"cpu": "1"}, "limits": {}},
            {"limits": {}, "requests": {"cpu": "1"}},
            id="the order of keys",
        ),
        pytest.param(
            {"cpu": "0.5", "memory": "1024Mi"},
            {"cpu": "500m", "memory": "1Gi"},
            id="how a quantity is written",
        ),
        pytest.param(
            [{"key": "b"}, {"key": "a", "operator": "Exists"}],
            [{"operator": "Exists", "key": "a"}, {"key": "b"}],
            id="the order of a list",
        ),
    ],
)
def test_what_is_written_is_shown_as_it_is_written(written: Any, live: Any) -> None:
    assert repr(as_written(written, live)) == repr(written)


@pytest.mark.parametrize(
    ("written", "live", "shown"),
    [
        pytest.param(
            {"cpu": "1"},
            {"memory": "1Gi", "cpu": "1"},
            {"cpu": "1", "memory": "1Gi"},
            id="a key that was added",
        ),
        pytest.param({"cpu": "1"}, {"cpu": "2"}, {"cpu": "2"}, id="another value"),
        pytest.param(None, {"cpu": "1"}, {"cpu": "1"}, id="what was not written at all"),
        pytest.param(
            [{"key": "b"}],
            [{"key": "a"}, {"key": "b"}],
            [{"key": "b"}, {"key": "a"}],
            id="an entry that was added",
        ),
    ],
)
def test_what_was_added_or_changed_is_shown(written: Any, live: Any, shown: Any) -> None:
    assert repr(as_written(written, live)) == repr(shown)
