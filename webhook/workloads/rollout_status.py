"""How far the rollout of a Deployment, StatefulSet or DaemonSet is.

Whether it is done is decided as in k8s.io/kubectl `pkg/polymorphichelpers/rollout_status.go`.
"""

from __future__ import annotations

from msgspec import Struct


class Condition(Struct, frozen=True):
    type: str = ""
    reason: str = ""


class _RollingUpdate(Struct, frozen=True):
    partition: int = 0


class _Strategy(Struct, frozen=True):
    type: str = "RollingUpdate"
    rollingUpdate: _RollingUpdate = _RollingUpdate()


class _Spec(Struct, frozen=True):
    replicas: int | None = 1
    paused: bool = False
    updateStrategy: _Strategy = _Strategy()


class _Status(Struct, frozen=True):
    observedGeneration: int = 0
    replicas: int = 0
    updatedReplicas: int = 0
    availableReplicas: int = 0
    readyReplicas: int = 0
    desiredNumberScheduled: int = 0
    updatedNumberScheduled: int = 0
    numberAvailable: int = 0
    currentRevision: str = ""
    updateRevision: str = ""
    conditions: list[Condition] = []


class _Meta(Struct, frozen=True):
    generation: int = 0


class RolloutStatus(Struct, frozen=True):
    """The fields of a Deployment, StatefulSet or DaemonSet that show its rollout."""

    kind: str = ""
    metadata: _Meta = _Meta()
    spec: _Spec = _Spec()
    status: _Status = _Status()

    @property
    def why_futile(self) -> str:
        """Why a restart would change nothing; empty if it would change something."""
        if self.spec.paused:
            return "it is paused"
        if self.spec.updateStrategy.type == "OnDelete":
            return "its updateStrategy is OnDelete: it replaces only Pods that you delete"
        partition = self.spec.updateStrategy.rollingUpdate.partition
        return f"its partition excludes the first {partition} Pods from rollouts" if partition else ""

    @property
    def progress(self) -> tuple[int, int]:
        """How many Pods are new and available, and how many there should be."""
        status = self.status
        if self.kind == "DaemonSet":
            return min(status.updatedNumberScheduled, status.numberAvailable), status.desiredNumberScheduled
        ready = status.availableReplicas if self.kind == "Deployment" else status.readyReplicas
        new = status.updatedReplicas
        if self.kind == "StatefulSet" and status.currentRevision == status.updateRevision:
            new = status.replicas  # once done, none counts as updated
        return min(new, ready), self.spec.replicas or 0

    @property
    def is_done(self) -> bool:
        done, wanted = self.progress
        has_old = self.kind == "Deployment" and self.status.replicas > self.status.updatedReplicas
        return self.status.observedGeneration >= self.metadata.generation and done >= wanted and not has_old

    @property
    def replacing(self) -> str:
        """Which Pods it still replaces, whether the new ones work or not; empty if none."""
        status = self.status
        if status.observedGeneration < self.metadata.generation:
            return "its controller has not seen its last change yet"
        if self.spec.updateStrategy.type == "OnDelete":
            return ""
        match self.kind:
            case "DaemonSet":
                new, wanted = status.updatedNumberScheduled, status.desiredNumberScheduled
            case "StatefulSet" if status.currentRevision == status.updateRevision:
                return ""
            case "StatefulSet":
                new = status.updatedReplicas
                wanted = (self.spec.replicas or 0) - self.spec.updateStrategy.rollingUpdate.partition
            case _:
                new, wanted = status.updatedReplicas, status.replicas
        return f"{new} of {wanted} Pods are new" if new < wanted else ""

    @property
    def is_stuck(self) -> bool:
        is_seen = self.status.observedGeneration >= self.metadata.generation
        return is_seen and any(each.reason == "ProgressDeadlineExceeded" for each in self.status.conditions)
