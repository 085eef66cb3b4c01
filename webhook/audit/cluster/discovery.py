"""Find the paths of custom resources with Pod templates, by discovery."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct

from webhook.cluster.pager import Resource, get, keep_object
from webhook.cluster.reads import as_cluster_error
from webhook.errors import ClusterError
from webhook.model.patch import Path
from webhook.workloads.controllers import Controller


class _Resource(Struct, frozen=True):
    name: str
    kind: str


class _Resources(Struct, frozen=True):
    resources: list[_Resource]


def custom_controllers(
    api: ApiClient, paths: Mapping[tuple[str, str], tuple[Path, ...]]
) -> tuple[Controller, ...]:
    """`paths`: where the templates of custom resources stand, by apiVersion and kind.

    Raises ClusterError.
    """
    return tuple(
        Controller(kind, version, _plural(api, version, kind), at) for (version, kind), at in paths.items()
    )


def _plural(api: ApiClient, version: str, kind: str) -> str:
    discovery = Resource(f"{kind} of {version}", f"/apis/{version}", keep_object)
    with as_cluster_error(discovery.name):
        served = msgspec.json.decode(get(api, discovery, []).data, type=_Resources).resources
    plural = next((each.name for each in served if each.kind == kind and "/" not in each.name), None)
    if plural is None:
        hint = f"`kubectl api-resources --api-group={version.partition('/')[0]}` lists what it serves"
        raise ClusterError(
            f"{discovery.name}: the API server does not serve it", name="missing-definitions", hint=hint
        )
    return plural
