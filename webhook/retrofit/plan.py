"""How Pods that exist get what admission would give them now: the least disruptive repair of each.

What can be changed on a live Pod is little: `resizePolicy` and selectors never, requests and limits only by a
resize that keeps the QoS class (k8s.io/kubernetes `ValidatePodResize` in pkg/apis/core/validation). All else
takes a new Pod, which its controller makes when it is told to roll out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from webhook.audit.findings import Finding, Item, Verdict
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import NO_SPEC
from webhook.workloads.workload import Ref, Workload

_ROLLS_OUT = ("Deployment", "StatefulSet", "DaemonSet")
_MISSED = (Finding.SLIPPED_THROUGH, Finding.WOULD_CHANGE)


class Resize(Struct, frozen=True):
    """A Pod that a resize alone repairs."""

    pod: Ref
    patch: str
    """A strategic merge patch."""

    def __str__(self) -> str:
        name, namespace = self.pod.name, self.pod.namespace
        return f"kubectl patch pod {name} --namespace={namespace} --subresource=resize --patch='{self.patch}'"


class Restart(Struct, frozen=True):
    """An owner that makes its Pods anew, one after the other."""

    owner: Ref
    names: tuple[str, ...]
    """Of its Pods that need it."""

    def __str__(self) -> str:
        kind, name = self.owner.kind.lower(), self.owner.name
        return f"kubectl rollout restart {kind}/{name} --namespace={self.owner.namespace}"


class ByHand(Struct, frozen=True):
    """Pods that nobody makes anew unless they are deleted: that is for a person to decide."""

    owner: Ref
    pods: tuple[str, ...]
    why: str


class Plan(Struct, frozen=True):
    """Least disruptive first."""

    resizes: tuple[Resize, ...]
    restarts: tuple[Restart, ...]
    by_hand: tuple[ByHand, ...]
    not_in_force: int = 0
    """Pods that a new one would not differ from: what would change them is not enforced."""
    refused: int = 0
    """Pods of which a new one would be refused."""
    drifted: int = 0
    """Pods that have been resized since, and lack nothing: somebody wanted that."""


class Planner:
    """Is told of every live Pod."""

    def __init__(self) -> None:
        self._resizes: dict[Ref, list[Resize | None]] = {}
        self._pods: dict[Ref, list[str]] = {}
        self._not_in_force = self._refused = self._drifted = 0

    def add(self, workload: Workload, verdict: Verdict) -> None:
        if not workload.is_live:
            return
        if verdict.denied:
            self._refused += 1
            return
        found = [item for item in verdict.items if item.finding in _MISSED]
        missed = [item for item in found if item.in_force]
        if not missed:
            self._not_in_force += bool(found)
            self._drifted += any(item.finding is Finding.DRIFTED for item in verdict.items)
            return
        owner = workload.owner
        self._pods.setdefault(owner, []).append(workload.ref.name)
        self._resizes.setdefault(owner, []).append(_resize(workload, verdict, missed))

    def plan(self) -> Plan:
        resizes, restarts, by_hand = [], [], []
        for owner, pods in sorted(self._pods.items(), key=lambda each: (len(each[1]), str(each[0]))):
            alone = [each for each in self._resizes[owner] if each]
            if len(alone) == len(pods):
                resizes += alone
            elif owner.kind in _ROLLS_OUT:
                restarts.append(Restart(owner, tuple(sorted(pods))))
            else:
                by_hand.append(ByHand(owner, tuple(sorted(pods)), _WHY.get(owner.kind, _UNKNOWN)))
        counts = (self._not_in_force, self._refused, self._drifted)
        return Plan(tuple(resizes), tuple(restarts), tuple(by_hand), *counts)


_UNKNOWN = "its controller knows how to restart it"
_WHY = {
    "Pod": "nobody makes it anew: create it again yourself",
    "ReplicaSet": "makes a tailored one for each that you delete",
    "ReplicationController": "makes a tailored one for each that you delete",
    "Job": "runs to its end as it is; what it starts again is tailored",
    "CronJob": "its next run is tailored",
}


def _resize(workload: Workload, verdict: Verdict, missed: Iterable[Item]) -> Resize | None:
    moves = verdict.enforced_qos.before is not verdict.enforced_qos.after
    sizes = list(map(_size, missed))
    spec = workload.written.spec or NO_SPEC
    running = {each.name for each in spec.containers or ()}
    if moves or not all(size and size[0] in running for size in sizes):
        return None
    containers: dict[str, dict[str, Any]] = {}
    for size in sizes:
        if size:
            name, side, resource, value = size
            containers.setdefault(name, {}).setdefault(side, {})[resource] = value
    patch = {"spec": {"containers": [{"name": name, "resources": each} for name, each in containers.items()]}}
    return Resize(workload.ref, msgspec.json.encode(patch).decode())


def _size(item: Item) -> tuple[str, str, str, Any] | None:
    """Container, side, resource and value of what a resize can set."""
    container, _, field = item.field.partition(":")
    side, _, resource = field.partition(".")
    fits = side in ("requests", "limits") and resource in QOS_RESOURCES
    return (container, side, resource, item.after) if fits else None
