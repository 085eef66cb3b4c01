"""Whether new Pods of an owner are tailored: by a dry run before a rollout, and by its Pods afterwards.

A webhook that is configured may still not answer. So a Pod is created as the owner's controller would, with
`dryRun=All`: the API server returns it as it would be stored, and stores nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from kubernetes.client import ApiClient

from webhook.audit.cluster.workloads import Cluster, Selection, live_pod
from webhook.cluster.reads import as_cluster_error
from webhook.cluster.request import JSON, request
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request, Snapshot
from webhook.model.pod import NO_METADATA, PodView
from webhook.retrofit.rollout import path_of
from webhook.workloads.templates import manifests_of
from webhook.workloads.workload import Ref

Json = dict[str, Any]


def fields_a_new_pod_lacks(api: ApiClient, owner: Ref, snapshot: Snapshot) -> list[str]:
    """What a new Pod of a Deployment, StatefulSet or DaemonSet would lack; empty if it is tailored.

    Raises ClusterError, also if the Pod is refused.
    """
    with as_cluster_error(f"{owner}: dry run of a new Pod"):
        obj = msgspec.json.decode(request(api, "GET", path_of(owner)))
        pod = _new_pod({"kind": owner.kind, "apiVersion": "apps/v1", **obj})
        path = f"/api/v1/namespaces/{owner.namespace}/pods"
        created = request(api, "POST", path, pod, content_type=JSON, query={"dryRun": "All"})
    return _lacked(live_pod(created).admitted, owner.namespace, snapshot)


def pods_lacking_fields(api: ApiClient, owner: Ref, snapshot: Snapshot) -> Iterator[tuple[str, list[str]]]:
    """Names of live Pods of an owner, each with the fields that it lacks. Raises ClusterError."""
    selection = Selection(namespace=owner.namespace, kinds=frozenset({owner.kind}))
    for each in Cluster(api, snapshot, selection, lambda *_: None).workloads():
        if each.is_live and each.owner == owner and not each.problem:
            lacked = _lacked(each.admitted, owner.namespace, snapshot)
            if lacked:
                yield each.ref.name, lacked


def _lacked(pod: PodView, namespace: str, snapshot: Snapshot) -> list[str]:
    return [change.field for change in evaluate(Request(namespace, pod), snapshot).outcome.changes]


def _new_pod(obj: Json) -> Json:
    """As the controller of the object would create it."""
    template, metadata = obj["spec"]["template"], obj["metadata"]
    (manifest,) = manifests_of(obj)
    admitted = manifest.admitted.metadata or NO_METADATA
    owners = [
        {
            "apiVersion": "apps/v1",
            "kind": each.kind,
            "name": each.name,
            "uid": metadata["uid"],
            "controller": True,
        }
        for each in admitted.ownerReferences or ()
    ]
    claims = [
        {"name": each["metadata"]["name"], "persistentVolumeClaim": {"claimName": each["metadata"]["name"]}}
        for each in obj["spec"].get("volumeClaimTemplates") or ()
    ]
    spec = template["spec"]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "labels": admitted.labels,
            "annotations": admitted.annotations,
            "ownerReferences": owners,
        },
        "spec": {**spec, "volumes": [*(spec.get("volumes") or ()), *claims]} if claims else spec,
    }
