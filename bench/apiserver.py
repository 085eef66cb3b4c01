"""Seen from the API server: what it costs a Pod's creation that somebody adds to it.

Namespaces of one kube-apiserver, all at once, each with another way: no mutation, the static patch of a lean
webhook in Go, podtailor, and the API server's own MutatingAdmissionPolicy. All add the same to the same Pod.
Creations are dry runs: nothing is stored, all of admission happens.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from bench import load, reviews, servers
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json, yaml
from tests.support.processes import eventually
from webhook.model.names import APPLIED

WAYS = ("none", "lean", "podtailor", "in-process")
_POLICY = Path(__file__).parent / "in-process.yaml"
_CONFIGURATION = Path("manifests/base/mutatingwebhookconfiguration.yaml")
Runs = dict[str, list[load.Run]]


class Ways:
    """A cluster in which Pods are made in each way, in a namespace of its name."""

    def __init__(
        self, cluster: ControlPlane, folder: Path, mark: str = f'"{APPLIED}"', pods: Path | None = None
    ) -> None:
        """`mark` is in the answer wherever something is added; `pods`, one a line, else all are different."""
        self.cluster, self._mark = cluster, mark
        self._pods = pods or reviews.written(folder, "pods", reviews.pod_of(reviews.recorded("typical")))

    def create(self, way: str, seconds: float, concurrency: int = 8, rate: float = 0) -> load.Run:
        """`cpu_us` is the API server's own. With a `rate` creations begin when they are due."""
        url = f"{self.cluster.url}/api/v1/namespaces/{way}/pods?dryRun=All"
        asked = load.Load(self._pods, seconds=seconds, concurrency=concurrency, rate=rate)
        before = servers.used(self.cluster.pid("kube-apiserver")).cpu
        look = "" if way == "none" else self._mark
        micros, took = load.asked(url, asked, [f"-token={self.cluster.token}"], 201, look)
        return load.of(micros, took, servers.used(self.cluster.pid("kube-apiserver")).cpu - before)

    def made(self, way: str) -> Json:
        """What becomes of one Pod."""
        pod = self._pods.read_text().partition("\n")[0]
        become: Json = self.cluster.kubectl_json(
            "create", "--dry-run=server", f"--namespace={way}", "-f", "-", stdin=pod
        )
        return become

    def adds(self, way: str) -> bool:
        return APPLIED in self.made(way)["metadata"].get("annotations", {})


@contextmanager
def ways() -> Iterator[Ways]:
    """Raises AssertionError where they do not add the same."""
    with tempfile.TemporaryDirectory() as made, ControlPlane(Path(made)) as cluster:
        folder = Path(made)
        found = Ways(cluster, folder)
        namespaces(cluster, WAYS)
        servers.certificates(folder)
        with servers.running(partial(servers.podtailor, folder)) as (podtailor,):
            register(cluster, podtailor)
            eventually("podtailor is called", partial(found.adds, "podtailor"))
            patch = folder / "patch.json"
            patch.write_text(json.dumps(_patch(found)))
            with servers.running(partial(servers.lean, folder, patch)) as (lean,):
                register(cluster, lean)
                cluster.kubectl("apply", "-f", str(_POLICY))
                for way in WAYS[1:]:
                    eventually(f"{way} adds to Pods", partial(found.adds, way))
                added = {way: _added(found.made(way)) for way in WAYS[1:]}
                assert len({json.dumps(each, sort_keys=True) for each in added.values()}) == 1, added
                yield found


def measured(rounds: int, seconds: float) -> dict[str, Runs]:
    with ways() as found:
        return interleaved(found, WAYS, rounds, seconds)


def interleaved(found: Ways, names: Sequence[str], rounds: int, seconds: float) -> dict[str, Runs]:
    """Runs one at a time and eight at once, of each way."""
    alone: Runs = {way: [] for way in names}
    crowded: Runs = {way: [] for way in names}
    for way in names:
        found.create(way, 1, 8)  # warm
    for _ in range(rounds):
        for way in names:
            alone[way].append(found.create(way, seconds, 1))
    for _ in range(rounds):
        for way in names:
            crowded[way].append(found.create(way, seconds, 8))
    return {"alone": alone, "crowded": crowded}


def namespaces(cluster: ControlPlane, ways: Iterable[str], **more: str) -> None:
    """One for each way, with these labels besides."""
    for way in ways:
        metadata = {"name": way, "labels": {"bench": way, **more}}
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
        cluster.kubectl("create", "-f", "-", stdin=json.dumps(namespace))
        cluster.wait_for_namespace(way)


def register(cluster: ControlPlane, server: servers.Server, url: str = "") -> None:
    """As the manifests do, but by its address, or another `url`, and for its own namespace."""
    configuration = yaml(_CONFIGURATION.read_text())
    configuration["metadata"] = {"name": f"bench-{server.name}"}
    (hook,) = configuration["webhooks"]
    bundle = base64.b64encode(server.ca.read_bytes()).decode()
    hook["clientConfig"] = {"url": url or server.url, "caBundle": bundle}
    hook["namespaceSelector"] = {"matchLabels": {"bench": server.name}}
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(configuration))


def _patch(found: Ways) -> list[Json]:
    """Podtailor's own, of one of the Pods: all of them leave the same open."""
    before, after = found.made("none"), found.made("podtailor")
    changes: list[Json] = []
    for index, (was, becomes) in enumerate(
        zip(before["spec"]["containers"], after["spec"]["containers"], strict=True)
    ):
        at = f"/spec/containers/{index}"
        changes += (
            {"op": "add", "path": f"{at}/{field}", "value": becomes[field]}
            for field in ("resizePolicy", "resources")
            if becomes[field] != was.get(field)
        )
    path = f"/metadata/annotations/{APPLIED.replace('/', '~1')}"
    return [*changes, {"op": "add", "path": path, "value": after["metadata"]["annotations"][APPLIED]}]


def _added(pod: Json) -> list[Json]:
    fields = [
        {field: each[field] for field in ("resizePolicy", "resources")} for each in pod["spec"]["containers"]
    ]
    return [*fields, pod["metadata"]["annotations"]]
