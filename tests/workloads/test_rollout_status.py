"""When a rollout is complete or stuck."""

from __future__ import annotations

import msgspec
import pytest
from msgspec import structs

from webhook.workloads.rollout_status import RolloutStatus


@pytest.mark.parametrize(
    ("kind", "spec", "status", "progress", "is_done"),
    [
        pytest.param("Deployment", {"replicas": 3}, {"observedGeneration": 1, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}, (3, 3), False, id="not seen yet"),
        pytest.param("Deployment", {"replicas": 3}, {"observedGeneration": 2, "replicas": 4, "updatedReplicas": 3, "availableReplicas": 3}, (3, 3), False, id="an old one is left"),
        pytest.param("Deployment", {"replicas": 3}, {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 2}, (2, 3), False, id="one is not available"),
        pytest.param("Deployment", {"replicas": 3}, {"observedGeneration": 2, "replicas": 3, "updatedReplicas": 3, "availableReplicas": 3}, (3, 3), True, id="all new"),
        pytest.param("StatefulSet", {"replicas": 2}, {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "readyReplicas": 2, "currentRevision": "a", "updateRevision": "b"}, (1, 2), False, id="set half way"),
        pytest.param("StatefulSet", {"replicas": 2}, {"observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "currentRevision": "b", "updateRevision": "b"}, (2, 2), True, id="set done"),
        pytest.param("DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 2}, (2, 3), False, id="daemons half way"),
        pytest.param("DaemonSet", {}, {"observedGeneration": 2, "desiredNumberScheduled": 3, "updatedNumberScheduled": 3, "numberAvailable": 3}, (3, 3), True, id="daemons done"),
    ],
)  # fmt: skip
def test_rollout_is_done(
    kind: str, spec: dict[str, int], status: dict[str, object], progress: tuple[int, int], is_done: bool
) -> None:
    written = {"metadata": {"generation": 2}, "spec": spec, "status": status}
    rolling = structs.replace(msgspec.convert(written, RolloutStatus), kind=kind)
    assert (rolling.progress, rolling.is_done) == (progress, is_done)


def test_rollout_past_its_deadline_is_stuck() -> None:
    conditions = [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]
    assert msgspec.convert({"status": {"conditions": conditions}}, RolloutStatus).is_stuck
    assert not RolloutStatus().is_stuck
