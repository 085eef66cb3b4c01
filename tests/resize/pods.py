"""Pods that run, with what their kubelet says; plans and facts from a few words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.support.pods import Json, pod, yaml
from webhook.engine.qos import qos_class
from webhook.model.pod_resources import RequestsAndLimits
from webhook.resize.facts import Allowed, Facts, Node, PodUsage
from webhook.resize.plan import Plan, plan
from webhook.resize.pod import Pod, read_pod
from webhook.resize.sizes import Size, parse_size
from webhook.usage.measured import ContainerUsage

SIZED = "resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {cpu: 300m, memory: 256Mi}}"
EQUAL = "resources: {requests: {cpu: 100m, memory: 128Mi}, limits: {cpu: 100m, memory: 128Mi}}"
RESTARTS = "resizePolicy: [{resourceName: memory, restartPolicy: RestartContainer}]"
MI = 2**20 * 1000
NODE = Node(
    kubelet=37,
    allocatable={"cpu": 4000, "memory": 8192 * MI},
    requested={"cpu": 100, "memory": 128 * MI},
)


def manifest(spec: str = "", *, container: str = SIZED, metadata: str = "", app: str = "") -> Json:
    """A Pod `p` that runs and is Ready on Node `a`, as its kubelet says; `app` is merged into the container's status."""
    made = pod(spec, metadata=metadata, container=container)
    made["spec"].setdefault("nodeName", "a")
    made["metadata"] = {"uid": f"uid-of-{made['metadata']['name']}", "generation": 1, **made["metadata"]}
    kubelet_has_done(made)
    made["status"]["containerStatuses"][0] |= yaml(app) or {}
    return made


def kubelet_has_done(made: Json) -> None:
    """Its status says what its spec says; nothing has restarted."""
    spec, status = made["spec"], made.setdefault("status", {})
    every = [*spec["containers"], *spec.get("initContainers", ())]
    resources = [each.get("resources", {}) for each in every]
    sides = [RequestsAndLimits(each.get("requests", {}), each.get("limits", {})) for each in resources]
    ready = next((each for each in status.get("conditions", ()) if each["type"] == "Ready"), _READY)
    counts = {
        each["name"]: each["restartCount"]
        for key in ("containerStatuses", "initContainerStatuses")
        for each in status.get(key, ())
    }
    status |= {
        "phase": "Running",
        "qosClass": qos_class(sides),
        "observedGeneration": made["metadata"]["generation"],
        "conditions": [ready],
        "containerStatuses": [_status(each, counts) for each in spec["containers"]],
        "initContainerStatuses": [_status(each, counts) for each in spec.get("initContainers", ())],
    }


_READY = {"type": "Ready", "status": "True"}


def _status(container: Json, counts: Mapping[str, int]) -> Json:
    resources = container.get("resources", {})
    return {
        "name": container["name"],
        "ready": True,
        "restartCount": counts.get(container["name"], 0),
        "state": {"running": {}},
        "allocatedResources": resources.get("requests", {}),
        "resources": resources,
    }


def read(made: Json) -> Pod:
    return read_pod(json.dumps(made).encode())


def running(spec: str = "", **parts: str) -> Pod:
    """As `manifest`."""
    return read(manifest(spec, **parts))


def named(name: str, node: str = "a", **parts: str) -> Pod:
    return running(f"nodeName: '{node}'", metadata=f"{{name: {name}, namespace: shop}}", **parts)


def sizes(cpu: str = "", memory: str = "") -> dict[str, Size]:
    return {name: parse_size(text, name) for name, text in (("cpu", cpu), ("memory", memory)) if text}


def facts(**fields: Any) -> Facts:
    """Of 1.37, with a Node that has room; as little as possible is in use."""
    usage = {"p": PodUsage(containers={"app": ContainerUsage(memory=MI, cpu=1)}, has_cache=True)}
    return Facts(**{"kubernetes": 37, "nodes": {"a": NODE}, "usage": usage, **fields})


def using(memory: int, cpu: int = 1, *, has_cache: bool = True) -> Mapping[str, PodUsage]:
    """Of the Pod `p`: memory in MiB, CPU in thousandths."""
    return {
        "p": PodUsage(containers={"app": ContainerUsage(memory=memory * MI, cpu=cpu)}, has_cache=has_cache)
    }


def planned(
    *pods: Pod,
    cpu: str = "",
    memory: str = "",
    container: str = "app",
    facts: Facts = facts(),  # noqa: B008 (frozen)
    allowed: Allowed = Allowed(),  # noqa: B008 (frozen)
) -> Plan:
    return plan(pods, {container: sizes(cpu, memory)}, facts, allowed)
