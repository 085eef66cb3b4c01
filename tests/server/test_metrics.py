"""What is counted, and under which name."""

from __future__ import annotations

from prometheus_client import generate_latest

from tests.support.pods import decide, pod, policy, snapshot
from webhook.server.metrics import Metrics, effects_of


def test_policies_of_tenants_count_together() -> None:
    theirs = policy("tolerations: [{key: a}]", name="tenant-a", kind="WorkloadPolicy", namespace="default")
    metrics = Metrics()
    metrics.took_effect(effects_of(decide(pod(), snapshot(theirs))))
    text = generate_latest(metrics.registry).decode()
    assert 'podtailor_mutations_total{field="tolerations",mode="enforce",policy="namespaced"} 1.0' in text
    assert "tenant-a" not in text
