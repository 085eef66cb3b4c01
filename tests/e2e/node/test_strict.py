"""The profile `strict` on a Node: the QoS class is the one that `explain` foretells."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.node.node import NAME
from tests.e2e.node.pods import CGROUPS, Pods
from tests.support.pods import Json

_STRICT = "--builtin=strict"
# Where the kubelet puts Pods of a QoS class.
_FOLDERS = {"Guaranteed": "kubepods", "Burstable": "kubepods/burstable", "BestEffort": "kubepods/besteffort"}
_SEES_CGROUPS = "volumeMounts: [{name: node, mountPath: /node, readOnly: true}]"


@pytest.fixture(scope="module")
def webhook_flags() -> list[str]:
    return [_STRICT]


@pytest.mark.parametrize(
    ("qos_class", "spec", "labels"),
    [
        pytest.param("Burstable", "{}", "{}", id="Burstable"),
        pytest.param("Guaranteed", "{}", "{podtailor.dev/workload-type: stateful}", id="Guaranteed"),
        pytest.param("BestEffort", f"{{nodeName: {NAME}}}", "{}", id="BestEffort"),
    ],
)
def test_the_qos_class_is_the_one_that_explain_foretold(
    pods: Pods, tmp_path: Path, qos_class: str, spec: str, labels: str
) -> None:
    manifest = pods.manifest("app", spec, labels=labels, container=_SEES_CGROUPS)
    manifest["spec"]["volumes"] = [{"name": "node", "hostPath": {"path": CGROUPS}}]
    assert _foretold(manifest, tmp_path) == qos_class
    made = pods.run(manifest)
    assert made["status"]["qosClass"] == qos_class
    folder = f"pod{made['metadata']['uid']}"
    assert pods.sh("app", f"find /node -name {folder}") == f"/node/{_FOLDERS[qos_class]}/{folder}"


def _foretold(manifest: Json, folder: Path) -> str:
    """By `podtailor explain`."""
    file = folder / "pod.json"
    file.write_text(json.dumps(manifest))
    command = [sys.executable, "-m", "webhook", "explain", str(file), _STRICT, "-o", "json"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    (explained,) = json.loads(done.stdout)
    return str(explained["qosClass"]["after"])
