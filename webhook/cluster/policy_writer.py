"""Write recommended WorkloadPolicies, by server-side apply: what somebody else has set stays."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from kubernetes.client import ApiClient

from webhook.cluster.reads import as_cluster_error
from webhook.cluster.request import APPLY, request
from webhook.errors import ClusterError

# Not the manager of kubectl or of the server: its fields are those that nobody has changed since.
_MANAGER = "podtailor-recommend"


def apply_policy(api: ApiClient, policy: dict[str, Any]) -> str:
    """Create a WorkloadPolicy, or bring it up to date; empty if that is done.

    Otherwise why nothing was written: the API server's words for who has set which field to another value.
    Raises ClusterError.
    """
    namespace, name = policy["metadata"]["namespace"], policy["metadata"]["name"]
    path = f"/apis/{policy['apiVersion']}/namespaces/{namespace}/workloadpolicies/{name}"
    try:
        with as_cluster_error(f"workloadpolicy {namespace}/{name}"):
            request(api, "PATCH", path, policy, content_type=APPLY, query={"fieldManager": _MANAGER})
    except ClusterError as error:
        if error.status != HTTPStatus.CONFLICT:
            raise
        return " ".join(str(error).partition(f"{HTTPStatus.CONFLICT} ")[2].split())
    return ""
