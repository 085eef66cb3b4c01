"""What metrics count, and by which labels."""

from __future__ import annotations

from prometheus_client import generate_latest

from tests.support.pods import decide, pod, policy, snapshot
from webhook.server.log import ReviewLine
from webhook.server.metrics import Metrics


def test_policies_of_tenants_count_together() -> None:
    theirs = policy("tolerations: [{key: a}]", name="tenant-a", kind="WorkloadPolicy", namespace="default")
    metrics = Metrics()
    metrics.count_review(ReviewLine(uid="6f0c", result="patched", ms=1), decide(pod(), snapshot(theirs)))
    metrics.flush()
    text = generate_latest(metrics.registry).decode()
    assert 'podtailor_mutations_total{field="tolerations",mode="enforce",policy="namespaced"} 1.0' in text
    assert "tenant-a" not in text
