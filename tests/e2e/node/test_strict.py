"""The profile `strict` on a Node: the QoS class that `explain` foretells, and what its limits count and do."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.controlplane.cluster import KubectlError
from tests.e2e.node.node import NAME
from tests.e2e.node.pods import CGROUPS, Pods
from tests.support.pods import Json

_STRICT = "--builtin=strict"
_LIMIT = 512 * 2**20
"""What strict gives a container that nobody has sized, in bytes."""
# Where the kubelet puts Pods of a QoS class.
_FOLDERS = {"Guaranteed": "kubepods", "Burstable": "kubepods/burstable", "BestEffort": "kubepods/besteffort"}
_SEES_CGROUPS = "volumeMounts: [{name: node, mountPath: /node, readOnly: true}]"
_IN_MEMORY = "volumes: [{name: scratch, emptyDir: {medium: Memory}}]"
_WRITE = "dd if=/dev/zero of=/scratch/{name} bs=1M count=300"
_MOUNTED = "volumeMounts: [{name: scratch, mountPath: /scratch}]"


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


def test_what_writes_to_memory_gets_no_limit_that_would_kill_it(pods: Pods) -> None:
    """A file in memory counts as the container's own: at the limit that strict gives to others it is OOM-killed."""
    own = f"{{resources: {{limits: {{memory: '{_LIMIT}'}}}}, {_MOUNTED}}}"
    for name, mounted in (("unlimited", _MOUNTED), ("limited", own)):
        pods.run(pods.manifest(name, _IN_MEMORY, container=mounted))
        pods.sh(name, _WRITE.format(name="first"))
        (used,) = pods.cgroup(name, "memory.current")
        assert int(used) >= 300 * 2**20
    assert pods.cgroup("unlimited", "memory.max") == ["max"]
    pods.sh("unlimited", _WRITE.format(name="second"))
    with pytest.raises(KubectlError, match="exit code 137"):
        pods.sh("limited", _WRITE.format(name="second"))
