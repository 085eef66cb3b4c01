"""What a new Pod of an owner would be, with all that admission makes of it.

It is created as the owner's controller would, with `dryRun=All`: the API server returns it as it would be
stored, and stores nothing.
"""

from __future__ import annotations

from typing import Any

from kubernetes.client import ApiClient

from webhook.cluster.reads import as_cluster_error
from webhook.cluster.request import JSON, request
from webhook.model.pod import NO_METADATA
from webhook.workloads.templates import manifests_of

Json = dict[str, Any]
_VERSIONS = {"Job": "batch/v1", "ReplicationController": "v1"}


def created_as_dry_run(api: ApiClient, obj: Json) -> bytes:
    """The Pod as JSON, of an object with `apiVersion`, `kind` and one Pod template.

    Raises ClusterError, also if the Pod is refused.
    """
    metadata = obj["metadata"]
    path = f"/api/v1/namespaces/{metadata['namespace']}/pods"
    with as_cluster_error(f"{obj['kind']} {metadata['namespace']}/{metadata['name']}: dry run of a new Pod"):
        return request(api, "POST", path, _new_pod(obj), content_type=JSON, query={"dryRun": "All"})


def _new_pod(obj: Json) -> Json:
    """As the controller of the object would create it."""
    metadata = obj["metadata"]
    (manifest,) = manifests_of(obj)
    template: Any = obj
    for step in manifest.at:
        template = template[step]
    admitted = manifest.admitted.metadata or NO_METADATA
    owners = [
        {
            "apiVersion": _VERSIONS.get(each.kind, "apps/v1"),
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
