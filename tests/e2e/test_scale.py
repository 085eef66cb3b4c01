"""What a large cluster costs: time to ready, memory, delay; printed. `make scale` for the full size."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kubernetes.client import ApiClient, CoreV1Api, CustomObjectsApi, V1Namespace, V1ObjectMeta

from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json, pod
from tests.support.processes import eventually
from tests.support.server import Server
from webhook.cluster.client import api_client
from webhook.policies import policy_kinds

NAMESPACES = int(os.environ.get("PODTAILOR_SCALE_NAMESPACES", "300"))
POLICIES = int(os.environ.get("PODTAILOR_SCALE_POLICIES", "100"))


@pytest.fixture(scope="module")
def crowded(
    cluster: ControlPlane,  # noqa: ARG001 (the binaries are built)
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ControlPlane]:
    with ControlPlane(tmp_path_factory.mktemp("crowded")) as own:
        own.install_policies()
        with api_client(str(own.kubeconfig)) as api:
            _fill(api)
        yield own


def _fill(api: ApiClient) -> None:
    core, custom = CoreV1Api(api), CustomObjectsApi(api)

    def namespace(number: int) -> None:
        labels = {"team": f"t{number % 50}", "podtailor.dev/mode": "enforce"}
        core.create_namespace(V1Namespace(metadata=V1ObjectMeta(name=f"crowd-{number}", labels=labels)))

    def policy(number: int) -> None:
        custom.create_cluster_custom_object(
            policy_kinds.GROUP, policy_kinds.VERSION, policy_kinds.KINDS[0].plural, _policy(number)
        )

    _many(namespace, NAMESPACES)
    _many(policy, POLICIES)


def _many(create: Callable[[int], None], count: int) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(count)))


def _policy(number: int) -> Json:
    spec = {
        "priority": number % 1000,
        "match": {
            "namespaceSelector": {"matchLabels": {"team": f"t{number % 50}"}},
            "images": [f"image-{number}"],
        },
        "resources": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "100m", "memory": "1Gi"}}]},
    }
    return {
        "apiVersion": policy_kinds.API_VERSION,
        "kind": "ClusterWorkloadPolicy",
        "metadata": {"name": f"crowd-{number}"},
        "spec": spec,
    }


@pytest.mark.soak
def test_memory_and_time_to_ready(crowded: ControlPlane, tmp_path: Path) -> None:
    started = time.monotonic()
    server = Server(tmp_path, "--from-cluster", f"--kubeconfig={crowded.kubeconfig}")
    eventually("it is ready", lambda: server.health("/readyz")[0] == 200)
    ready = time.monotonic() - started
    assert server.metric('podtailor_policies{state="enforce"}') == POLICIES + 4
    for _ in range(50):
        assert server.review(pod(metadata="namespace: crowd-1"))["patch"]
    eventually("every status is written", lambda: _all_ready(crowded), seconds=30 + POLICIES / 5)
    resident = _mib(server.process.pid)
    print(
        f"\n{NAMESPACES} namespaces, {POLICIES} policies: ready in {ready:.1f} s, {resident:.0f} MiB resident"
    )
    assert server.stop() == 0


def _all_ready(crowded: ControlPlane) -> bool:
    listed = crowded.kubectl("get", "cwp", "--no-headers").splitlines()
    return len(listed) == POLICIES and all(" True " in line for line in listed)


def _mib(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024**2
