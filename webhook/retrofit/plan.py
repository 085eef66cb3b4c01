"""The least disruptive repair of each live Pod that differs from what would be created now.

`resizePolicy` and selectors of a live Pod cannot change, and requests and limits only by a resize that keeps
the QoS class (k8s.io/kubernetes `ValidatePodResize` in pkg/apis/core/validation). Everything else takes a new
Pod, which the controller creates in a rollout.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct

from webhook.audit.findings import Finding, Item, Verdict
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import NO_SPEC
from webhook.model.pod_resources import SIDES
from webhook.model.quantity import Quantity, read
from webhook.resize.pod import Field, resources_of
from webhook.workloads.workload import Ref, Workload

_ROLLS_OUT = ("Deployment", "StatefulSet", "DaemonSet")
_LACKING = (Finding.SLIPPED_THROUGH, Finding.WOULD_CHANGE)


class Resize(Struct, frozen=True):
    """For a Pod that a resize repairs."""

    owner: Ref
    pod: Ref
    values: dict[Field, Quantity]

    @property
    def patch(self) -> str:
        """A strategic merge patch."""
        names = dict.fromkeys(each.container for each in self.values)
        containers = [{"name": name, "resources": resources_of(name, self.values)} for name in names]
        return msgspec.json.encode({"spec": {"containers": containers}}).decode()

    def __str__(self) -> str:
        name, namespace = self.pod.name, self.pod.namespace
        return f"kubectl patch pod {name} --namespace={namespace} --subresource=resize --patch='{self.patch}'"


class Restart(Struct, frozen=True):
    """A rollout of an owner."""

    owner: Ref
    pods: tuple[str, ...]
    """The names of its Pods that need it."""

    def __str__(self) -> str:
        kind, name = self.owner.kind.lower(), self.owner.name
        return f"kubectl rollout restart {kind}/{name} --namespace={self.owner.namespace}"


class ManualRepair(Struct, frozen=True, omit_defaults=True):
    """Pods that are replaced only if they are deleted, or not resized: which is for the user to decide."""

    owner: Ref
    pods: tuple[str, ...]
    why: str
    name: str = ""
    """Of the reason, in docs/messages.md; empty if no other repair would do."""
    hints: tuple[str, ...] = ()
    """What to do next, such as a command that repairs them all the same."""

    def __str__(self) -> str:
        pods = "" if self.owner.kind == "Pod" else f" ({', '.join(self.pods)})"
        return f"{self.owner}{pods}: {self.why}"


class Plan(Struct, frozen=True, kw_only=True):
    """Least disruptive first; the counts are of Pods that it does not repair."""

    resizes: tuple[Resize, ...] = ()
    restarts: tuple[Restart, ...] = ()
    by_hand: tuple[ManualRepair, ...] = ()
    not_in_force: int = 0
    """Pods that only policies which are not enforced would change."""
    refused: int = 0
    """Pods that would be denied if they were created now."""
    drifted: int = 0
    """Pods that were resized and lack nothing: the resize was intended."""


class Planner:
    """`add` every live Pod, then `plan`."""

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
        lacking = [item for item in verdict.items if item.finding in _LACKING]
        repairable = [item for item in lacking if item.in_force]
        if not repairable:
            self._not_in_force += bool(lacking)
            self._drifted += any(item.finding is Finding.DRIFTED for item in verdict.items)
            return
        owner = workload.owner
        self._pods.setdefault(owner, []).append(workload.ref.name)
        self._resizes.setdefault(owner, []).append(_resize(workload, verdict, repairable))

    def plan(self) -> Plan:
        resizes, restarts, by_hand = [], [], []
        for owner, pods in sorted(self._pods.items(), key=lambda each: (len(each[1]), str(each[0]))):
            resizable = [each for each in self._resizes[owner] if each]
            if len(resizable) == len(pods):
                resizes += resizable
            elif owner.kind in _ROLLS_OUT:
                restarts.append(Restart(owner, tuple(sorted(pods))))
            else:
                by_hand.append(ManualRepair(owner, tuple(sorted(pods)), _WHY.get(owner.kind, _UNKNOWN)))
        return Plan(
            resizes=tuple(resizes),
            restarts=tuple(restarts),
            by_hand=tuple(by_hand),
            not_in_force=self._not_in_force,
            refused=self._refused,
            drifted=self._drifted,
        )


_UNKNOWN = "restart it as its controller requires"
_WHY = {
    "Pod": "no controller recreates it: create it again yourself",
    "ReplicaSet": "delete its Pods: their replacements are tailored",
    "ReplicationController": "delete its Pods: their replacements are tailored",
    "Job": "its current Pods stay as they are; Pods that it creates later are tailored",
    "CronJob": "its next run is tailored",
}


def _resize(workload: Workload, verdict: Verdict, items: Iterable[Item]) -> Resize | None:
    changes_qos = verdict.enforced_qos.before is not verdict.enforced_qos.after
    sizes = list(map(_size, items))
    spec = workload.written.spec or NO_SPEC
    running = {each.name for each in spec.containers or ()}
    if changes_qos or not all(size and size[0].container in running for size in sizes):
        return None
    return Resize(workload.owner, workload.ref, dict(filter(None, sizes)))


def _size(item: Item) -> tuple[Field, Quantity] | None:
    """None if a resize cannot set it."""
    container, _, field = item.field.partition(":")
    name, _, resource = field.partition(".")
    side = next((each for each in SIDES if each == name), None)
    value = read(item.after)
    return (Field(container, side, resource), value) if side and value and resource in QOS_RESOURCES else None
