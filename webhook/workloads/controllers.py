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
    short: tuple[str, ...] = ()
    """As in kubectl."""

    @property
    def words(self) -> tuple[str, ...]:
        """What kubectl understands as this kind, in lower case."""
        group = self.version.rpartition("/")[0]
        names = (self.kind.lower(), self.plural)
        return (*names, *self.short, *(f"{each}.{group}" for each in names if group))

    def path(self, namespace: str | None) -> str:
        root = f"/apis/{self.version}" if "/" in self.version else f"/api/{self.version}"
        return f"{root}/namespaces/{namespace}/{self.plural}" if namespace else f"{root}/{self.plural}"


CONTROLLERS = (
    Controller("Deployment", "apps/v1", "deployments", short=("deploy",)),
    Controller("StatefulSet", "apps/v1", "statefulsets", short=("sts",)),
    Controller("DaemonSet", "apps/v1", "daemonsets", short=("ds",)),
    Controller("ReplicaSet", "apps/v1", "replicasets", short=("rs",)),
    Controller("ReplicationController", "v1", "replicationcontrollers", short=("rc",)),
    Controller("CronJob", "batch/v1", "cronjobs", short=("cj",)),
    Controller("Job", "batch/v1", "jobs"),
)
PODS = Controller("Pod", "v1", "pods", short=("po",))
