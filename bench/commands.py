"""What the commands cost: how long one takes to start, and an audit of many Pods."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from bench import reviews, work
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.many_pods import audited, auditor, fill
from tests.support.processes import spent
from webhook.audit.enforcement import NOT_ENFORCED
from webhook.audit.summary import Auditor
from webhook.cluster.client import api_client
from webhook.engine.snapshot import snapshot_of
from webhook.model.pod import PodView
from webhook.policies.shipped import Profile, built_in

PODS, MANY_PODS = (1_000, 10_000), 100_000
# An audit lists so many at a time.
_PAGE = 500
_PODTAILOR = Path(sys.executable).with_name("podtailor")
_COMMANDS = {
    "python -c pass": (sys.executable, "-c", "pass"),
    "podtailor version": (_PODTAILOR, "version"),
    "podtailor mutate": (_PODTAILOR, "mutate", "-f", "examples/general.yaml"),
    "completion": (_PODTAILOR, "__complete", "audit", "--"),
    "podtailor audit": (_PODTAILOR, "audit", "-f", "examples/general.yaml", "--fail-on=none"),
}


def start_up(rounds: int) -> dict[str, list[float]]:
    """Seconds on the clock of each command, interleaved; the first of each is thrown away."""
    found: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    for number in range(rounds + 1):
        for name, command in _COMMANDS.items():
            took = _took(command)
            if number:
                found[name].append(took)
    return found


def _took(command: Sequence[str | Path]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def audit() -> dict[str, object]:
    """Live Pods of a cluster, at two sizes; files; and the engine's part by itself."""
    return {"engine_pods_a_second": _engine(PODS[-1]), "files": _files(PODS[-1]), **_of_cluster(PODS)}


def large_audit() -> dict[str, object]:
    """Of more live Pods than most clusters have."""
    return _of_cluster([MANY_PODS])


def _of_cluster(counts: Sequence[int]) -> dict[str, object]:
    """By the number of Pods: what an audit of them costs."""
    found: dict[str, object] = {}
    with tempfile.TemporaryDirectory() as made, ControlPlane(Path(made)) as cluster:
        kubeconfig = auditor(cluster, Path(made))
        namespace = cluster.create_namespace("full")
        done = 0
        for count in counts:
            with api_client(str(cluster.kubeconfig)) as api:
                fill(cluster, api, namespace, range(done, count))
            done = count
            found[str(count)] = audited(cluster, kubeconfig)._asdict()
    return found


def _engine(count: int, rounds: int = 5) -> list[float]:
    """Pods judged in a second of one core's time, each of them another; a figure for each round."""
    auditor = Auditor(snapshot_of(built_in(Profile.STRICT)), NOT_ENFORCED)
    texts = reviews.many(reviews.pod_of(reviews.recorded("typical")), count)
    found = []
    for _ in range(rounds):
        took = 0.0
        for first in range(0, count, _PAGE):
            page = texts[first : first + _PAGE]
            pods = [work.live(msgspec.json.decode(text, type=PodView)) for text in page]
            before = time.process_time()
            for pod in pods:
                auditor.judge(pod)
            took += time.process_time() - before
        found.append(count / took)
    return found


def _files(count: int) -> dict[str, float]:
    """`audit -f FOLDER -o json` of so many Pods in one file of JSON."""
    with tempfile.TemporaryDirectory() as made:
        pods = [json.loads(text) for text in reviews.many(reviews.pod_of(reviews.recorded("typical")), count)]
        for number, pod in enumerate(pods):
            pod["metadata"] |= {"name": f"many-{number}", "namespace": "default"}
        file = Path(made) / "pods.json"
        file.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": pods}))
        command = [str(_PODTAILOR), "audit", "-f", str(file), "-o", "json", "--fail-on=none"]
        used = spent(command)
        assert used.lines == count + 1, used
        return {"seconds": used.seconds, "mib": used.mib}
