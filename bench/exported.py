"""Policies inside the API server, beside the same policies in the webhook, and neither.

Namespaces of one kube-apiserver, all at once, each with another way: with the built-in policies alone, and
with a hundred more of teams, of which two match the Pod. Exported policies write no annotation: what is
compared is the rest of the Pod.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from bench import apiserver, servers
from bench.growth import policy_of_team
from tests.e2e.controlplane.build import release
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json, policy_of
from tests.support.processes import eventually
from webhook.export.document import Options
from webhook.export.export import export
from webhook.model.accelerators import Accelerators
from webhook.model.names import APPLIED
from webhook.model.policy import Policy
from webhook.policies.shipped import Profile, built_in

POLICIES = 100
WAYS = ("none", "webhook", "exported", "webhook-100", "exported-100")
_EXPORTED = {"exported": 0, "exported-100": POLICIES}
_WEBHOOKS = {"webhook": 0, "webhook-100": POLICIES}
# In a Pod to which nothing is added it is not.
MARK = '"resizePolicy":['


def measured(rounds: int, seconds: float, times: int) -> dict[str, Any]:
    """`in_force`: seconds until a Pod is tailored, since the objects are written; `times` of each."""
    with tempfile.TemporaryDirectory() as made, ControlPlane(Path(made)) as cluster:
        folder = Path(made)
        cluster.install_policies()
        apiserver.namespaces(cluster, WAYS, team="t1", **{"podtailor.dev/mode": "enforce"})
        found = apiserver.Ways(cluster, folder, MARK)
        in_force = {
            way: [_seconds(found, way, count) for _ in range(times)] for way, count in _EXPORTED.items()
        }
        with _webhooks(cluster, servers.certificates(folder)):
            for way in WAYS[1:]:
                eventually(f"{way} adds to Pods", partial(adds, found, way))
            added = {json.dumps(_without_note(found.made(way)), sort_keys=True) for way in WAYS[1:3]}
            assert len(added) == 1, added
            added = {json.dumps(_without_note(found.made(way)), sort_keys=True) for way in WAYS[3:]}
            assert len(added) == 1, added
            runs = apiserver.interleaved(found, WAYS, rounds, seconds)
    written = {way: len(json.dumps(_objects(way, count)[0])) for way, count in _EXPORTED.items()}
    machine = {"kubernetes": f"v{release()}", "date": f"{datetime.now(UTC):%Y-%m-%d}"}
    return {**machine, "runs": runs, "in_force": in_force, "bytes": written}


def _seconds(found: apiserver.Ways, way: str, count: int) -> float:
    """From when the API server has taken the objects; those that are there are deleted before."""
    kinds = "mutatingadmissionpolicy,mutatingadmissionpolicybinding"
    found.cluster.kubectl("delete", kinds, way, "--ignore-not-found")
    eventually("nothing is added", lambda: not adds(found, way))
    install(found.cluster, way, count)
    started = time.perf_counter()
    eventually("it is in force", lambda: adds(found, way))
    return time.perf_counter() - started


def install(cluster: ControlPlane, way: str, count: int) -> None:
    """The built-ins and so many policies more, for the namespace of this way."""
    made = json.dumps({"apiVersion": "v1", "kind": "List", "items": _objects(way, count)})
    cluster.kubectl("apply", "--server-side", "-f", "-", stdin=made)


def adds(found: apiserver.Ways, way: str) -> bool:
    return "resizePolicy" in found.made(way)["spec"]["containers"][0]


def _without_note(pod: Json) -> Json:
    annotations = {
        key: value for key, value in pod["metadata"].get("annotations", {}).items() if key != APPLIED
    }
    spec = {
        key: value
        for key, value in pod["spec"].items()
        if key not in ("volumes", "containers", "initContainers")
    }
    # The volume of the token has another name in each Pod.
    containers = [
        {key: value for key, value in each.items() if key != "volumeMounts"}
        for field in ("containers", "initContainers")
        for each in pod["spec"].get(field, ())
    ]
    return {"annotations": annotations, "spec": spec, "containers": containers}


def _documents(count: int) -> list[Json]:
    return [policy_of_team(number) for number in range(count)]


def _policies(count: int) -> Sequence[Policy]:
    return (*map(policy_of, _documents(count)), *built_in(Profile.STRICT))


def _objects(way: str, count: int) -> tuple[Json, Json]:
    """For the namespace of this way."""
    made = export(_policies(count), Accelerators(), Options(name=way)).exported
    policy, binding = json.loads(json.dumps(made.objects))
    policy["spec"]["matchConstraints"]["namespaceSelector"]["matchLabels"] = {"bench": way}
    return policy, binding


@contextmanager
def _webhooks(cluster: ControlPlane, folder: Path) -> Iterator[None]:
    starts = []
    for way, count in _WEBHOOKS.items():
        file = folder / f"{way}.yaml"
        file.write_text("\n---\n".join(map(json.dumps, _documents(count))))
        flags = [f"--policies={file}"] if count else []
        flags += ["--from-cluster", f"--kubeconfig={cluster.kubeconfig}"]
        starts.append(partial(servers.podtailor, folder, *flags, name=way))
    with servers.running(*starts) as running:
        for server in running:
            apiserver.register(cluster, server)
        yield
