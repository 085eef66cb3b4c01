"""Completion asks a real API server, and kubectl completes its plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from tests.e2e.controlplane.build import binary
from tests.e2e.controlplane.cluster import ControlPlane
from webhook.completion import answer
from webhook.completion.names import names


@pytest.fixture(scope="module")
def shop(crds: ControlPlane) -> ControlPlane:
    crds.kubectl("apply", "-f", "examples/policies/models.yaml")
    crds.create_namespace("bazaar")
    crds.kubectl("run", "till", "--namespace=bazaar", "--image=example.com/a")
    crds.kubectl("create", "deployment", "web", "--namespace=bazaar", "--image=example.com/a")
    return crds


@pytest.mark.parametrize(
    ("call", "offered"),
    [
        ("audit -n baz", "bazaar"),
        ("policies show model", "models"),
        ("explain -n bazaar til", "till"),
        ("explain -n bazaar pod/til", "pod/till"),
        ("explain -n bazaar deploy/w", "deploy/web"),
        ("explain -n bazaar deployment w", "web"),
    ],
)
def test_names_of_the_cluster(
    shop: ControlPlane, call: str, offered: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(shop.kubeconfig))
    monkeypatch.setattr(answer, "names", partial(names, deadline=60))
    assert answer.answer(call.split()).splitlines()[0] == offered


def test_kubectl_completes_its_plugin() -> None:
    """As its completion scripts do, with `__complete`."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [str(binary("kubectl")), "__complete", "podtailor", "audit", "--fail-on", "viol"]
    done = subprocess.run(
        command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "violation\n:4\n"
