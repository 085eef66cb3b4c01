"""What it takes to put a change of a large cluster in force: 2,000 policies and 10,000 namespaces."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from kubernetes.client import ApiClient

from bench.growth import MAX_POLICIES, NAMESPACES, policy_of_team
from webhook.cluster.pager import Meta
from webhook.cluster.policy_objects import PolicyObject
from webhook.cluster.snapshots import SnapshotSource
from webhook.engine.snapshot import Snapshot
from webhook.model.subject import Namespace
from webhook.policies import policy_kinds
from webhook.server.metrics import Metrics

_KIND = policy_kinds.KINDS[0]
_TEAMS = 50


def of_snapshots(rounds: int) -> dict[str, list[float]]:
    """Milliseconds of CPU for each kind of change, one at a time, from observed to in force."""
    source = SnapshotSource(Snapshot(), (), [], ApiClient())  # nothing is started, so nobody is asked
    source.on_update = Metrics().set_snapshot
    stores: Mapping[str, Any] = {each.resource.name: each.store for each in source.reflectors}
    namespaces, policies = stores["namespaces"], stores[_KIND.plural]
    for number in range(NAMESPACES[-1]):
        namespaces.put(f"/n{number}", _namespace(f"n{number}", f"t{number % _TEAMS}"))
    for number in range(MAX_POLICIES):
        policies.put(*_policy(number))
    source.publish()
    changes: dict[str, Callable[[int], object]] = {
        "a namespace gets another label": lambda at: namespaces.put(f"/n{at}", _namespace(f"n{at}", "other")),
        "a namespace is created": lambda at: namespaces.put(f"/new{at}", _namespace(f"new{at}", "t1")),
        "a namespace is deleted": lambda at: namespaces.drop(f"/new{at}"),
        "a policy changes": lambda at: policies.put(*_policy(at, generation=2, cpu="200m")),
        "a policy is created": lambda at: policies.put(*_policy(MAX_POLICIES + at)),
        "a policy is deleted": lambda at: policies.drop(_policy(MAX_POLICIES + at)[0]),
    }
    found: dict[str, list[float]] = {name: [] for name in changes}
    for name, change in changes.items():
        for at in range(rounds):
            change(at)
            before = time.thread_time()
            source.publish()
            found[name].append(1000 * (time.thread_time() - before))
    return found


def _namespace(name: str, team: str) -> Namespace:
    return Namespace(name, {"team": team})


def _policy(number: int, generation: int = 1, cpu: str = "100m") -> tuple[str, PolicyObject]:
    """Its key, and the object as it is observed."""
    document = policy_of_team(number)
    name, spec = document["metadata"]["name"], document["spec"]
    spec["resources"]["limits"][0]["defaultRequest"]["cpu"] = cpu
    metadata = Meta(
        name=name, namespace=None, uid=name, generation=generation, resourceVersion=str(generation)
    )
    return f"/{name}", PolicyObject(_KIND, metadata, json.dumps(spec).encode(), None)
