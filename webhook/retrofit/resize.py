"""Resize one Pod in place, by its subresource `resize` (KEP-1287)."""

from __future__ import annotations

import msgspec
from kubernetes.client import ApiClient

from webhook.cluster.reads import as_cluster_error
from webhook.cluster.request import STRATEGIC, request
from webhook.retrofit.plan import Resize


def resize(api: ApiClient, each: Resize, *, dry_run: bool) -> None:
    """Raises ClusterError."""
    path = f"/api/v1/namespaces/{each.pod.namespace}/pods/{each.pod.name}/resize"
    with as_cluster_error(str(each.pod)):
        request(
            api,
            "PATCH",
            path,
            msgspec.json.decode(each.patch),
            content_type=STRATEGIC,
            query=write_options(dry_run=dry_run),
        )


def write_options(*, dry_run: bool) -> dict[str, str]:
    """The query of every write to a workload."""
    return {"fieldManager": "podtailor-retrofit", **({"dryRun": "All"} if dry_run else {})}
