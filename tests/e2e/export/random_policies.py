"""Policies drawn by lot from all that can be exported."""

from __future__ import annotations

from typing import Any

from tests.e2e.export import choices
from tests.e2e.export.random_pods import Lot
from tests.support.pods import Json, policy_of
from webhook.model import quantity
from webhook.model.names import ARCH
from webhook.model.policy import Policy

_SIDES = ("min", "defaultRequest", "default", "max")
_CPU = ("1m", "1500u", "10m", "100m", "0.25", "500m", "1", "1.250", "2", "1e1", "16", "1k")
_MEMORY = (
    "1",
    "100500m",
    "1E3",
    "64Mi",
    "100M",
    "0.3Gi",
    "0.5Gi",
    "1e9",
    "1Gi",
    "1.5Gi",
    "9007199254740993",
    "100Ti",
    "8Ei",
)
_FACTORS = ("1", "1.5", "2", "1e1", "1001m", "1.333", "3")
_TYPES = ("GPU", "Stateful", "ARM64", "General")
# Larger ones are refused.
_TOLERATIONS = [
    {**each, **({"tolerationSeconds": 2**53 - 1} if each.get("tolerationSeconds", 0) >= 2**53 else {})}
    for each in choices.TOLERATIONS
]
_IMAGES = (
    "redis",
    "*redis",
    "library/redis",
    "docker.io/library/redis",
    "*/team/*",
    "r.example:5000/*",
    "vllm*",
    "mongo",
)
_RESOURCES = ("nvidia.com/*", "nvidia.com/gpu", "example.com/fpga", "hugepages-*", "*.com/*gpu*")


def policies(lot: Lot, count: int, namespace: str) -> list[Policy]:
    """As valid documents say them; those of a namespace are for this one."""
    return [policy_of(_document(lot, f"p{index}", namespace)) for index in range(count)]


def _document(lot: Lot, name: str, namespace: str) -> Json:
    is_own = lot.sometimes(0.2)
    metadata = {"name": name, **({"namespace": namespace} if is_own else {})}
    spec: Json = {"priority": lot.randint(0, 3)}
    for key, part, make in (
        ("resources", 0.7, _resources),
        ("resizePolicy", 0.5, _resize_policy),
        ("nodeSelector", 0.4, lambda lot: {k: lot.choice(("arm64", "a")) for k in lot.some(choices.KEYS, 2)}),
        ("nodeAffinity", 0.3, _node_affinity),
        ("tolerations", 0.4, lambda lot: lot.some(_TOLERATIONS, 3)),
        ("accelerators", 0.2, _accelerators),
        ("containers", 0.2, _containers),
    ):
        if lot.sometimes(part):
            spec[key] = make(lot)
    if lot.sometimes(0.6):
        spec["match"] = _match(lot, is_own=is_own)
    if lot.sometimes(0.2):
        spec["exclude"] = _match(lot, is_own=is_own)
    _make_valid(spec)
    kind = "WorkloadPolicy" if is_own else "ClusterWorkloadPolicy"
    return {"apiVersion": "podtailor.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}


def _make_valid(spec: Json) -> None:
    """One that sends Pods to arm64 Nodes must match them there."""
    selector = spec.get("nodeSelector", {})
    if "arm64" in (selector.get(ARCH), selector.get(f"beta.{ARCH}")):
        types = spec.get("match", {}).get("workloadTypes", [])
        if "General" in types and "ARM64" not in types:
            types.append("ARM64")
        excluded = spec.get("exclude", {})
        if "ARM64" in excluded.get("workloadTypes", []):
            del excluded["workloadTypes"]


def _resources(lot: Lot) -> Json:
    sides = lot.choice((_SIDES[1:3], (_SIDES[0], _SIDES[3]), _SIDES, ("defaultRequest",)))
    item: Json = {side: {} for side in sides}
    for name, amounts in (("cpu", _CPU), ("memory", _MEMORY), ("ephemeral-storage", _MEMORY)):
        ordered = sorted(lot.sample(amounts, len(sides)), key=quantity.nano)
        for side, amount in zip(sides, ordered, strict=True):
            if lot.sometimes(0.5):
                item[side][name] = amount
    made: Json = {"limits": [{"type": "Container", **{side: each for side, each in item.items() if each}}]}
    if lot.sometimes(0.3):
        made["perDevice"] = {
            name: lot.choice(("1", "1500m", "0.3Gi", "4Gi")) for name in lot.some(("cpu", "memory"), 2)
        }
    if lot.sometimes(0.25):
        made["qosClass"] = "Guaranteed"
    elif lot.sometimes(0.5):
        made["limitFactor"] = {name: lot.choice(_FACTORS) for name in lot.some(("cpu", "memory"), 2)}
    return made


def _resize_policy(lot: Lot) -> Json:
    return {each: lot.choice(("NotRequired", "RestartContainer")) for each in lot.some(("cpu", "memory"), 2)}


def _node_affinity(lot: Lot) -> Json:
    made: Json = {}
    if lot.sometimes(0.7):
        made["required"] = _expressions(lot)
    if lot.sometimes(0.5):
        made["preferred"] = [
            {"weight": lot.choice((1, 50, 100)), "matchExpressions": _expressions(lot)}
            for _ in range(lot.randint(1, 2))
        ]
    return made


def _expressions(lot: Lot) -> list[Json]:
    def one(key: str) -> Json:
        operator = lot.choice(("In", "NotIn", "Exists", "DoesNotExist", "Gt"))
        given: dict[str, Any] = {
            "In": ["arm64", "amd64"],
            "NotIn": ["a"],
            "Gt": ["5"],
        }
        values = {"values": given[operator]} if operator in given else {}
        return {"key": key, "operator": operator, **values}

    return [one(key) for key in lot.sample(choices.KEYS, lot.randint(1, 2))]


def _accelerators(lot: Lot) -> Json:
    tolerations = [{"operator": "Exists"}, {"operator": "Exists", "effect": "NoSchedule"}]
    return {"resizePolicy": _resize_policy(lot), "tolerations": lot.some(tolerations, 2)}


def _containers(lot: Lot) -> Json:
    made: Json = {}
    if lot.sometimes(0.7):
        made["names"] = lot.some(("app*", "c0-*", "*proxy*", "*-0", "vllm-2*"), 2)
    if lot.sometimes(0.3):
        made["images"] = lot.some(_IMAGES, 2)
    return made


def _match(lot: Lot, *, is_own: bool) -> Json:
    clauses: Json = {
        "workloadTypes": lambda: lot.sample(_TYPES, lot.randint(1, 2)),
        "podSelector": lambda: _selector(lot, "app", "web"),
        "annotations": lambda: {"note": lot.choice(choices.ANNOTATIONS["note"])},
        "ownerKinds": lambda: lot.sample(
            ("Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Pod"), 3
        ),
        "images": lambda: lot.sample(_IMAGES, lot.randint(1, 3)),
        "resources": lambda: lot.sample(_RESOURCES, lot.randint(1, 2)),
    }
    if not is_own:
        clauses["namespaceSelector"] = lambda: _selector(lot, "team", "a")
    return {key: clauses[key]() for key in lot.sample([*clauses], lot.choice((1, 1, 1, 2)))}


def _selector(lot: Lot, key: str, value: str) -> Json:
    return lot.choice(
        (
            {"matchLabels": {key: value}},
            {"matchExpressions": [{"key": key, "operator": "NotIn", "values": [value, ""]}]},
            {"matchExpressions": [{"key": key, "operator": lot.choice(("Exists", "DoesNotExist"))}]},
        )
    )
