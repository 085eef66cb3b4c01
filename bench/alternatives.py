"""Who buys asks: 50 Pods a second, two replicas of each, the same rules, beside Kyverno and Gatekeeper.

Namespaces of one kube-apiserver, all at once, each with another way. Pods are of the workloads of a cluster.
Webhooks are called through a balancer of connections, as through a Service. All make the same of a Pod, but
for podtailor's annotation, or nothing is measured.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from bench import apiserver, exported, reviews, servers
from bench.programs import program
from tests.e2e.controlplane.build import release
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.neighbours.gatekeeper import GATEKEEPER, Gatekeeper
from tests.e2e.neighbours.kyverno import KYVERNO, Kyverno
from tests.e2e.neighbours.neighbour import connects
from tests.e2e.neighbours.policy_engine import GAPS, Installed, PolicyEngine, Rules
from tests.support.pods import Json
from tests.support.processes import Process, eventually, free_port

REPLICAS, RATE = 2, 50
# Each is a namespace: Kyverno lets alone the one that has its name.
WAYS = ("none", "podtailor", "exported", "by-gatekeeper", "by-kyverno")
# What the built-in policy `general` (strict) sets where a Pod has no values.
_RULES = Rules(
    requests={"cpu": "100m", "memory": "256Mi"},
    limits={"cpu": "500m", "memory": "512Mi"},
    placement=False,
    keeps_resize_policy=False,
)
_ENGINES: dict[str, type[PolicyEngine]] = {"by-gatekeeper": Gatekeeper, "by-kyverno": Kyverno}
Pids = Mapping[str, Sequence[int]]


def measured(rounds: int, seconds: float) -> dict[str, Any]:
    """By way and round: a run, whose CPU is the API server's, and parts of a core that its replicas used.

    `idle` is what those used while Pods were made without mutation, `load` the machine's load average before.
    """
    load = os.getloadavg()[0]
    runs: dict[str, list[Any]] = {way: [] for way in WAYS}
    cores: dict[str, list[float]] = {way: [] for way in WAYS}
    idle: dict[str, list[float]] = {way: [] for way in WAYS}
    with tempfile.TemporaryDirectory() as made, ControlPlane(Path(made)) as cluster:
        folder = servers.certificates(Path(made))
        cluster.install_policies()
        apiserver.namespaces(cluster, WAYS, **{"podtailor.dev/mode": "enforce"})
        pods = reviews.written(folder, "pods", _pod(), reviews.of_workloads)
        found = apiserver.Ways(cluster, folder, exported.MARK, pods)
        with _replicas(cluster, folder) as pids:
            _check_that_they_agree(found)
            for way in WAYS:
                found.create(way, seconds / 4, rate=RATE)  # warm
            for _ in range(rounds):
                for way in WAYS:
                    before, started = _spent(pids), time.perf_counter()
                    runs[way].append(found.create(way, seconds, rate=RATE))
                    took, after = time.perf_counter() - started, _spent(pids)
                    for each in WAYS if way == "none" else [way]:
                        figures = idle if way == "none" else cores
                        figures[each].append((after[each] - before[each]) / took)
            mib = {way: sum(servers.used(pid).mib for pid in pids[way]) for way in WAYS}
    versions = {
        "kubernetes": f"v{release()}",
        "kyverno": KYVERNO.version(),
        "gatekeeper": GATEKEEPER.version(),
    }
    asked = {"replicas": REPLICAS, "rate": RATE, "rounds": rounds, "seconds": seconds, "load": load}
    return {**asked, "versions": versions, "runs": runs, "cores": cores, "idle": idle, "mib": mib}


def _pod() -> Json:
    """The typical one, but it requests less memory than the limit that it gets.

    Kyverno and Gatekeeper set a limit below a larger request, and the API server refuses the Pod; podtailor
    raises the limit.
    """
    pod = reviews.pod_of(reviews.recorded("typical"))
    requests = pod["spec"]["containers"][0]["resources"]["requests"]
    requests["memory"] = requests["memory"].replace("Ki", "00")  # bytes: some 200 MB
    return pod


@contextmanager
def _replicas(cluster: ControlPlane, folder: Path) -> Iterator[Pids]:
    """The processes of each way, once the API server calls them."""
    pids: dict[str, list[int]] = {way: [] for way in WAYS}
    with ExitStack() as stack:
        flags = ("--from-cluster", f"--kubeconfig={cluster.kubeconfig}")
        ours = stack.enter_context(servers.running(*[partial(servers.podtailor, folder, *flags)] * REPLICAS))
        port = stack.enter_context(_balanced(folder, [server.port for server in ours]))
        apiserver.register(cluster, ours[0], f"https://localhost:{port}/mutate")
        pids["podtailor"] += (server.pid for server in ours)
        exported.install(cluster, "exported", 0)
        for way, engine in _ENGINES.items():
            ports = tuple(free_port() for _ in range(REPLICAS))
            port = stack.enter_context(_balanced(folder, ports))
            installed = Installed((GAPS,), _RULES, {"bench": way}, ports, port)
            started = stack.enter_context(engine(cluster, folder / way, installed))
            pids[way] += started.pids
            started.enable(way)
        yield pids


@contextmanager
def _balanced(folder: Path, ports: Sequence[int]) -> Iterator[int]:
    """The port at which connections go to these in turn."""
    port = free_port()
    addresses = [f"127.0.0.1:{each}" for each in ports]
    command = [str(program("balance")), f"-listen=127.0.0.1:{port}", *addresses]
    process = Process("balance", command, folder / f"balance-{port}.log")
    try:
        eventually("the balancer listens", partial(connects, port))
        yield port
    finally:
        process.stop()


def _check_that_they_agree(found: apiserver.Ways) -> None:
    for way in WAYS[1:]:
        eventually(f"{way} adds to Pods", partial(exported.adds, found, way))
    become = {way: _set(found.made(way)) for way in WAYS[1:]}
    assert all(each == become["podtailor"] for each in become.values()), become


def _set(pod: Json) -> Json:
    """By container: Kyverno may move them."""
    return {each["name"]: (each["resizePolicy"], each["resources"]) for each in pod["spec"]["containers"]}


def _spent(pids: Pids) -> dict[str, float]:
    """Seconds of CPU so far, by way."""
    return {way: sum(servers.used(pid).cpu for pid in pids[way]) for way in pids}
