"""Read what runs where from a cluster."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from webhook.cluster.client import Api
from webhook.cluster.pager import Object, Resource, keep_object, objects, pages
from webhook.cluster.part import ClusterPart
from webhook.cluster.reads import as_cluster_error, in_namespace
from webhook.images.evidence import Evidence
from webhook.images.running import RunningPod, platform_of, where_images_run

_PODS = Resource("pods", "/api/v1/pods", keep_object)
_POD = msgspec.json.Decoder(RunningPod)
# Their images have not run to the end, and are not pulled again.
_NOT_FAILED = ("fieldSelector", "status.phase!=Failed,status.phase!=Pending")


def running_images(api: Api, part: ClusterPart, *, now: int) -> list[Evidence]:
    """Of all Pods of this part of the cluster, also of those that have ended well.

    Nothing if the caller may read no Nodes, which is noted. Raises ClusterError.
    """
    platforms: dict[str, str] = {}
    with (
        part.note_if_forbidden(_NODES.name, "on which platforms images run is unknown"),
        as_cluster_error(_NODES.name),
    ):
        platforms = dict(objects(api, _NODES, []))
    return list(where_images_run(_pods(api, part.namespace), platforms, now=now)) if platforms else []


def _pods(api: Api, namespace: str | None) -> Iterator[RunningPod]:
    with as_cluster_error(_PODS.name):
        for page in pages(api, in_namespace(_PODS, namespace), [_NOT_FAILED], allow_inconsistent=True):
            yield from map(_POD.decode, page.items or ())


def _platform(obj: Object) -> tuple[str, str]:
    return obj.metadata.name, platform_of(obj.metadata.labels or {})


_NODES = Resource("nodes", "/api/v1/nodes", _platform, metadata_only=True)
