"""The ConfigMap that policies go by: read as a cache, and written by server-side apply."""

from __future__ import annotations

from webhook.cluster.client import Api
from webhook.cluster.image_platforms import CONFIG_MAP
from webhook.cluster.part import ClusterPart
from webhook.cluster.reads import as_cluster_error, image_platforms
from webhook.cluster.request import APPLY, request
from webhook.images.cache import as_json, parse_lines
from webhook.images.evidence import Evidence, newest
from webhook.model.names import OWN_NAMESPACE

_MANAGER = "podtailor-images"
# As `kubectl create configmap --from-file` of a file of this name has it.
_KEY = "images.jsonl"


def read_snapshot(api: Api, part: ClusterPart) -> list[Evidence]:
    """Raises ValueError for lines that are none of a cache, ClusterError."""
    return parse_lines(image_platforms(api, part))


def write_snapshot(api: Api, evidence: list[Evidence]) -> None:
    """What somebody else has written there stays, and is an error. Raises ClusterError."""
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": CONFIG_MAP, "namespace": OWN_NAMESPACE},
        "data": {_KEY: b"".join(map(as_json, newest(evidence))).decode()},
    }
    path = f"/api/v1/namespaces/{OWN_NAMESPACE}/configmaps/{CONFIG_MAP}"
    with as_cluster_error(f"ConfigMap {OWN_NAMESPACE}/{CONFIG_MAP}"):
        request(api, "PATCH", path, document, content_type=APPLY, query={"fieldManager": _MANAGER})
