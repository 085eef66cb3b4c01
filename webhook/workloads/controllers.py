"""The kinds that create Pods from a template."""

from __future__ import annotations

from msgspec import Struct

from webhook.model.patch import Path


class Controller(Struct, frozen=True):
    kind: str
    version: str
    """`apps/v1`; `v1` for the core group."""
    plural: str
    at: tuple[Path, ...] = ()
    """Paths of the templates; empty for the built-in kinds."""

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
