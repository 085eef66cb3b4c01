"""Kinds that make Pods from a template: Kubernetes' own, and those that a user names."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct

from webhook.cluster.listing import Kind, get, whole
from webhook.cluster.once import told
from webhook.errors import ClusterError
from webhook.model.patch import Path


class Controller(Struct, frozen=True):
    """A kind that makes Pods from a template."""

    kind: str
    version: str
    """`apps/v1`; of the core group `v1`."""
    plural: str
    at: tuple[Path, ...] = ()
    """Where the templates stand; empty: as Kubernetes has it."""

    def path(self, namespace: str | None) -> str:
        root = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"


CONTROLLERS = (
    Controller("Deployment", "apps/v1", "deployments"),
    Controller("StatefulSet", "apps/v1", "statefulsets"),
    Controller("DaemonSet", "apps/v1", "daemonsets"),
    Controller("ReplicaSet", "apps/v1", "replicasets"),
    Controller("ReplicationController", "v1", "replicationcontrollers"),
    Controller("CronJob", "batch/v1", "cronjobs"),
    Controller("Job", "batch/v1", "jobs"),
)
PODS = Controller("Pod", "v1", "pods")


class _Resource(Struct, frozen=True):
    name: str
    kind: str


class _Resources(Struct, frozen=True):
    resources: list[_Resource]


def others_of(api: ApiClient, paths: Mapping[tuple[str, str], tuple[Path, ...]]) -> tuple[Controller, ...]:
    """Controllers that are not Kubernetes' own: where their templates stand, by apiVersion and kind.

    Raises ClusterError.
    """
    return tuple(
        Controller(kind, version, _plural(api, version, kind), at) for (version, kind), at in paths.items()
    )


def _plural(api: ApiClient, version: str, kind: str) -> str:
    asked = Kind(f"{kind} of {version}", f"/apis/{version}", whole)
    with told(asked.name):
        served = msgspec.json.decode(get(api, asked, []).data, type=_Resources).resources
    plural = next((each.name for each in served if each.kind == kind and "/" not in each.name), None)
    if plural is None:
        raise ClusterError(f"{asked.name}: the API server does not serve it")
    return plural
