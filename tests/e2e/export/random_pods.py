"""Pods drawn by lot from what Pods may hold, odd spellings included; most of them an API server takes.

The strategies of the laws take a hundred times as long, for they can make a Pod that fails smaller.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from tests.e2e.export.choices import (
    ANNOTATIONS,
    CPU,
    DEVICES,
    IMAGES,
    KEYS,
    LABELS,
    MEMORY,
    NAMES,
    NAMESPACE_ANNOTATIONS,
    NAMESPACE_LABELS,
    OWNERS,
    STORAGE,
    TOLERATIONS,
    VALUES,
)
from tests.support.pods import Json
from webhook.model.names import INJECTION, MODE


class Lot(random.Random):
    """Draws from a seed."""

    def sometimes(self, part: float) -> bool:
        return self.random() < part

    def some(self, items: Any, most: int) -> list[Any]:
        listed = [*items]
        return self.sample(listed, self.randint(0, min(most, len(listed))))

    def pairs(self, choices: dict[str, Any], part: float) -> Json:
        return {key: self.choice(values) for key, values in choices.items() if self.sometimes(part)}


def pods(seed: int, count: int) -> Iterator[Json]:
    """The first ones of a longer run are those of a shorter one."""
    lot = Lot(seed)
    for _ in range(count):
        yield pod(lot)


def pod(lot: Lot) -> Json:
    metadata: Json = {"name": "p", "namespace": "default"}
    labels, annotations = lot.pairs(LABELS, 0.2), lot.pairs(ANNOTATIONS, 0.07)
    if lot.sometimes(0.9):
        metadata["labels"] = labels
    if annotations or lot.sometimes(0.2):
        metadata["annotations"] = annotations
    if lot.sometimes(0.5):
        metadata["ownerReferences"] = _owners(lot)
    count = lot.choice((1, 1, 1, 2, 2, 3, 4, 12))
    spec: Json = {"containers": [container(lot, index) for index in range(count)]}
    if lot.sometimes(0.4):
        spec["initContainers"] = [
            container(lot, index, is_init=True) for index in range(20, 20 + lot.randint(0, 3))
        ]
    spec |= _placement(lot)
    spec |= _rest(lot)
    _use(lot, spec)
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


def _use(lot: Lot, spec: Json) -> None:
    """What the Pod has, by some of its containers."""
    containers = [*spec["containers"], *spec.get("initContainers", ())]
    if lot.sometimes(0.05):
        spec["resourceClaims"] = [{"name": "device", "resourceClaimName": "shared"}]
        lot.choice(containers).setdefault("resources", {})["claims"] = [{"name": "device"}]
    for volume in spec.get("volumes", ()):
        for each in lot.some(containers, 2):
            each["volumeMounts"] = [{"name": volume["name"], "mountPath": "/v"}]


def _owners(lot: Lot) -> list[Json]:
    kind = lot.choice(OWNERS)
    extra = {"apiVersion": "v1", "kind": "Extra", "name": "e", "uid": "e"}
    owner = {"apiVersion": "apps/v1", "kind": kind, "name": "o", "uid": "o", "controller": True}
    return [*([extra] if lot.sometimes(0.2) else []), owner]


def container(lot: Lot, index: int, *, is_init: bool = False) -> Json:
    made: Json = {"name": f"{lot.choice(NAMES)}-{index}", "image": lot.choice(IMAGES)}
    if lot.sometimes(0.8):
        made["resources"] = resources(lot)
    may_restart = not is_init
    if is_init and lot.sometimes(0.5):
        made["restartPolicy"] = "Always"
        may_restart = True
    if may_restart and lot.sometimes(0.2):
        made["resizePolicy"] = [
            {"resourceName": each, "restartPolicy": "NotRequired"} for each in lot.some(("cpu", "memory"), 2)
        ]
    return made


def resources(lot: Lot) -> Json:
    limits: Json = {}
    requests: Json = {}
    for name, amounts in (("cpu", CPU), ("memory", MEMORY), ("ephemeral-storage", STORAGE)):
        low, high = sorted((lot.randrange(len(amounts)), lot.randrange(len(amounts))))
        if lot.sometimes(0.25):
            limits[name] = amounts[high]
        if lot.sometimes(0.4):
            requests[name] = amounts[low]
    if lot.sometimes(0.25):
        for name in lot.some(DEVICES, 2):
            limits[name] = requests[name] = lot.choice(
                ("0", "1", "1", "2", "8", "16", "17", "40", "1k", "1e1")
            )
    if lot.sometimes(0.05):
        limits["hugepages-2Mi"] = requests["hugepages-2Mi"] = "4Mi"
        limits.setdefault("memory", MEMORY[-1])
    return {
        key: value
        for key, value in (("limits", limits), ("requests", requests))
        if value or lot.sometimes(0.3)
    }


def _placement(lot: Lot) -> Json:
    made: Json = {}
    if lot.sometimes(0.25):
        made["nodeSelector"] = {key: lot.choice(VALUES) for key in lot.some(KEYS, 2)}
    if lot.sometimes(0.25):
        made["affinity"] = {"nodeAffinity": _node_affinity(lot)} if lot.sometimes(0.9) else {}
    if lot.sometimes(0.3):
        made["tolerations"] = lot.some(TOLERATIONS, 3)
    if lot.sometimes(0.05):
        made["nodeName"] = "node-1"
    return made


def _node_affinity(lot: Lot) -> Json:
    made: Json = {}
    if lot.sometimes(0.7):
        terms = [_term(lot) for _ in range(lot.randint(1, 3))]
        made["requiredDuringSchedulingIgnoredDuringExecution"] = {"nodeSelectorTerms": terms}
    if lot.sometimes(0.4):
        made["preferredDuringSchedulingIgnoredDuringExecution"] = [
            {"weight": lot.randint(1, 100), "preference": _term(lot)} for _ in range(lot.randint(1, 2))
        ]
    return made


def _term(lot: Lot) -> Json:
    makers: list[Callable[[], Json]] = [
        lambda: {
            "key": lot.choice(KEYS[:3]),
            "operator": lot.choice(("In", "In", "NotIn")),
            "values": lot.choice((["arm64"], ["amd64"], ["arm64", "amd64"], ["linux"])),
        },
        lambda: {"key": lot.choice(KEYS), "operator": lot.choice(("Exists", "DoesNotExist"))},
        lambda: {"key": "cores", "operator": "Gt", "values": ["4"]},
    ]
    made: Json = {}
    if lot.sometimes(0.9):
        made["matchExpressions"] = [lot.choice(makers)() for _ in range(lot.randint(1, 2))]
    if lot.sometimes(0.15):
        made["matchFields"] = [{"key": "metadata.name", "operator": "In", "values": ["node-1"]}]
    return made


def _rest(lot: Lot) -> Json:
    made: Json = {}
    restart = lot.choice((None, None, "Always", "OnFailure", "Never"))
    if restart:
        made["restartPolicy"] = restart
    if lot.sometimes(0.15):
        made["resources"] = lot.choice(({}, {"requests": {"cpu": "64"}}, {"limits": {"memory": "8Ei"}}))
    if lot.sometimes(0.15):
        source: Json = lot.choice(
            (
                {"persistentVolumeClaim": {"claimName": "c"}},
                {"emptyDir": {"medium": "Memory"}},
                {"ephemeral": {"volumeClaimTemplate": {"spec": _CLAIM}}},
            )
        )
        made["volumes"] = [{"name": "v", **source}]
    if lot.sometimes(0.03):
        made["priorityClassName"] = "system-node-critical"
    if lot.sometimes(0.02):
        made["os"] = {"name": lot.choice(("linux", "windows"))}
    return made


_CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}


def namespace(lot: Lot) -> tuple[Json, Json]:
    """Labels and annotations; most are enforced, else too little is compared."""
    labels = lot.pairs(NAMESPACE_LABELS, 0.25)
    if lot.sometimes(0.6):
        labels.pop(MODE, None)
        labels.pop(INJECTION, None)
    return labels, lot.pairs(NAMESPACE_ANNOTATIONS, 0.4)
