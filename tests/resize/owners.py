"""Owners, their children and their Pods as the API server gives them, with what matters to templates."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tests.support.pods import Json
from webhook.model.quantity import parse
from webhook.resize.pod import Container, Field, Metadata, Pod, Resources, Spec, Values

OLD, NEW = {"limits": {"memory": "128Mi"}}, {"limits": {"memory": "256Mi"}}


NO_LABELS: Mapping[str, str] = MappingProxyType({})


def values(text: str = "256Mi", container: str = "app") -> Values:
    amount = parse(text)
    assert amount
    return {Field(container, "limits", "memory"): amount}


def template(
    resources: Json | None = None, image: str = "app:1", labels: Mapping[str, str] = NO_LABELS
) -> Json:
    containers = [{"name": "app", "image": image, "resources": resources or OLD}]
    return {"metadata": {"labels": {"app": "web", **labels}}, "spec": {"containers": containers}}


def owner(kind: str, resources: Json | None = None, status: Json | None = None, **spec: Any) -> Json:
    """A complete rollout of three Pods, unless said otherwise."""
    complete: dict[str, Json] = {
        "Deployment": {"replicas": 3, "updatedReplicas": 3},
        "StatefulSet": {"updatedReplicas": 3, "currentRevision": "web-2", "updateRevision": "web-2"},
        "DaemonSet": {"updatedNumberScheduled": 3, "desiredNumberScheduled": 3},
    }
    body: Json = {"template": template(resources), "replicas": 3, **spec}
    if kind == "CronJob":
        body = {"jobTemplate": {"spec": {"template": body["template"]}}}
    if kind in ("StatefulSet", "DaemonSet"):
        body.setdefault("updateStrategy", {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}})
    return {
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "uid": "uid-of-web",
            "resourceVersion": "7",
            "generation": 2,
        },
        "spec": body,
        "status": {"observedGeneration": 2, **complete.get(kind, {}), **(status or {})},
    }


def written_by(manager: str, *path: str) -> Json:
    """An entry of managedFields; the last of the path is a value."""
    tree: Json = {}
    for step in reversed(path):
        tree = {step: tree}
    return {"manager": manager, "operation": "Update", "fieldsV1": tree}


PAUSED = ("f:spec", "f:paused")


def paused(resources: Json, manager: str = "podtailor-resize", **status: int) -> Json:
    made = owner("Deployment", resources, status, paused=True)
    made["metadata"]["managedFields"] = [written_by(manager, *PAUSED)]
    return made


def held(kind: str, resources: Json, **status: Any) -> Json:
    """By an unfinished run."""
    made = owner(kind, resources, status, updateStrategy={"type": "OnDelete"})
    made["metadata"]["annotations"] = {
        "podtailor.dev/resize": '{"type":"RollingUpdate","rollingUpdate":{"partition":0}}'
    }
    return made


def replica_set(
    name: str, resources: Json | None = None, *, pods: int = 0, revision: int = 1, image: str = "app:1"
) -> Json:
    metadata = {
        "name": name,
        "namespace": "shop",
        "uid": f"uid-of-{name}",
        "annotations": {"deployment.kubernetes.io/revision": str(revision)},
    }
    made = template(resources, image, {"pod-template-hash": name})
    return {"metadata": metadata, "spec": {"replicas": pods, "template": made}}


def revision(kind: str, number: int, resources: Json | None = None, image: str = "app:1") -> Json:
    """Its Pods are labelled `web-NUMBER`."""
    labels = {"controller-revision-hash": f"web-{number}"} if kind == "DaemonSet" else {}
    metadata = {"name": f"web-{number}", "labels": labels}
    data = {"spec": {"template": {"$patch": "replace", **template(resources, image)}}}
    return {"metadata": metadata, "revision": number, "data": data}


def pod(name: str, resources: Json | None = None, label: str = "", node: str = "node") -> Pod:
    labels = {"controller-revision-hash": label} if label else {}
    container = Container(name="app", resources=Resources(**(resources or OLD)))
    metadata = Metadata(name=name, namespace="shop", uid=f"uid-of-{name}", labels=labels)
    return Pod(metadata=metadata, spec=Spec(nodeName=node, containers=[container]))
