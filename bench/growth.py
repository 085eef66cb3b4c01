"""What a review costs where there is more of everything: policies, namespaces, containers, callers."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from bench import reviews, servers
from bench.load import Load, Run, run
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.cluster.client import api_client
from webhook.cluster.request import JSON, request
from webhook.policies import policy_kinds

CONTAINERS = (1, 5, 20)
CALLERS = (1, 8, 64)
NAMESPACES, POLICIES = (100, 10_000), (10, 100, 1_000)
MAX_POLICIES = 2_000
_TEAMS = 100
Runs = dict[int, list[Run]]


def of_reviews(rounds: int, seconds: float) -> dict[str, Runs]:
    """By containers of a Pod, and by callers at once."""
    with tempfile.TemporaryDirectory() as made:
        folder = servers.certificates(Path(made))
        typical = reviews.recorded("typical")
        several = {
            count: reviews.written(folder, f"containers-{count}", reviews.with_containers(typical, count))
            for count in CONTAINERS
        }
        bodies = reviews.written(folder, "typical", typical)
        by_containers: Runs = {count: [] for count in CONTAINERS}
        by_callers: Runs = {count: [] for count in CALLERS}
        with servers.running(partial(servers.podtailor, folder)) as (server,):
            run(server, Load(bodies, 1))
            for _ in range(rounds):
                for count, body in several.items():
                    by_containers[count].append(run(server, Load(body, seconds)))
                for count in CALLERS:
                    by_callers[count].append(run(server, Load(bodies, seconds, concurrency=count)))
        return {"containers": by_containers, "callers": by_callers}


class Crowd:
    """A cluster that fills with namespaces and policies, each of a team, and reviews of one of its Pods."""

    def __init__(self, cluster: ControlPlane, folder: Path) -> None:
        self._cluster, self._folder = cluster, servers.certificates(folder)
        one = reviews.in_namespace(reviews.recorded("typical"), _name(1))
        self._bodies = reviews.written(folder, "typical", one)

    def add_namespaces(self, numbers: range) -> None:
        self._create("/api/v1/namespaces", map(_namespace, numbers))

    def add_policies(self, numbers: range) -> None:
        root = f"/apis/{policy_kinds.API_VERSION}"
        self._create(f"{root}/{policy_kinds.KINDS[0].plural}", map(policy_of_team, numbers))

    def replica(self, name: str, *flags: str) -> servers.Server:
        """One that has heard of the cluster."""
        cluster = ("--from-cluster", f"--kubeconfig={self._cluster.kubeconfig}")
        server = servers.podtailor(self._folder, *cluster, *flags, name=name)
        try:
            eventually("its first patch", lambda: self._is_tailored(server), seconds=120)
        except BaseException:
            server.stop()
            raise
        return server

    def run(self, server: servers.Server, seconds: float, count: int = 0) -> Run:
        return run(server, Load(self._bodies, seconds, count=count))

    def _is_tailored(self, server: servers.Server) -> bool:
        try:
            self.run(server, 1, count=1)
        except AssertionError:
            return False
        return True

    def _create(self, path: str, objects: Iterable[Json]) -> None:
        with api_client(str(self._cluster.kubeconfig)) as api, ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda each: request(api, "POST", path, each, content_type=JSON), objects))


def of_clusters(rounds: int, seconds: float) -> dict[str, object]:
    """By policies, by namespaces, and what a replica of a large cluster holds."""
    with tempfile.TemporaryDirectory() as made, ControlPlane(Path(made)) as cluster:
        folder = Path(made)
        cluster.install_policies()
        crowd = Crowd(cluster, folder)
        few, many = NAMESPACES
        crowd.add_namespaces(range(few))
        starts = [partial(crowd.replica, str(count), _files(folder, count)) for count in POLICIES]
        with servers.running(*starts) as replicas:
            by_policies: dict[str, list[Run]] = {server.name: [] for server in replicas}
            for _ in range(rounds):
                for server in replicas:
                    by_policies[server.name].append(crowd.run(server, seconds))
        by_namespaces = {few: _beside_bare(crowd, folder, rounds, seconds)}
        crowd.add_namespaces(range(few, many))
        by_namespaces[many] = _beside_bare(crowd, folder, rounds, seconds)
        crowd.add_policies(range(MAX_POLICIES))
        with servers.running(partial(crowd.replica, "crowded")) as (replica,):
            crowd.run(replica, 3600, count=20_000)
            crowded = {"namespaces": many, "policies": MAX_POLICIES, "mib": replica.used().mib}
        return {"policies": by_policies, "namespaces": by_namespaces, "crowded": crowded}


def _beside_bare(crowd: Crowd, folder: Path, rounds: int, seconds: float) -> dict[str, list[Run]]:
    """Clusters of two sizes cannot be there at once: each is measured against the same ruler."""
    runs: dict[str, list[Run]] = {"bare": [], "podtailor": []}
    with servers.running(partial(servers.bare, folder), partial(crowd.replica, "podtailor")) as both:
        for _ in range(rounds):
            for server in both:
                runs[server.name].append(crowd.run(server, seconds))
    return runs


def _files(folder: Path, count: int) -> str:
    file = folder / f"policies-{count}.yaml"
    file.write_text("\n---\n".join(json.dumps(policy_of_team(number)) for number in range(count)))
    return f"--policies={file}"


def _name(number: int) -> str:
    return f"crowd-{number}"


def _namespace(number: int) -> Json:
    labels = {"team": f"t{number % _TEAMS}", "podtailor.dev/mode": "enforce"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _name(number), "labels": labels}}


def policy_of_team(number: int) -> Json:
    """As platforms write them, by turns.

    For the Jobs of a team; for what it deploys (of the first hundred: the Pod that is asked about is in it),
    or for an image of it; for an application by its label; for an image wherever it runs.
    """
    team = {"matchLabels": {"team": f"t{number % _TEAMS}"}}
    enforced = {"matchLabels": {"podtailor.dev/mode": "enforce"}}
    matches: list[Json] = [
        {"namespaceSelector": team, "ownerKinds": ["Job"]},
        {"namespaceSelector": team, "ownerKinds": ["Deployment"]}
        if number < _TEAMS
        else {"namespaceSelector": team, "images": [f"registry.example.com/application-{number}"]},
        {"namespaceSelector": enforced, "podSelector": {"matchLabels": {"app": f"application-{number}"}}},
        {"images": [f"application-{number}"]},
    ]
    spec = {
        "priority": number % 1000,
        "match": matches[number % len(matches)],
        "resources": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "100m", "memory": "1Gi"}}]},
    }
    return {
        "apiVersion": policy_kinds.API_VERSION,
        "kind": "ClusterWorkloadPolicy",
        "metadata": {"name": _name(number)},
        "spec": spec,
    }
