"""What would change if audited policies were enforced."""

from __future__ import annotations

from tests.audit.verdicts import (
    AUDITED,
    REQUESTS,
    judged,
)
from tests.support.pods import owned, pod, policy, snapshot
from webhook.audit import what_if
from webhook.audit.findings import Finding
from webhook.model.names import Mode


def test_as_if_enforced_turns_audit_into_enforce_and_leaves_off_off() -> None:
    within = snapshot(
        AUDITED,
        policy("{mode: 'Off', nodeSelector: {a: b}}", name="never"),
        labels={"podtailor.dev/mode": "audit"},
        mode=Mode.AUDIT,
    )
    verdict = judged(pod(metadata=owned("ReplicaSet")), within=what_if.enforced(within))
    assert [item.policy for item in verdict.items] == ["tried"]
    stays = snapshot(REQUESTS, labels={"podtailor.dev/mode": "off"})
    assert judged(pod(), within=what_if.enforced(stays)).finding is Finding.SKIPPED
