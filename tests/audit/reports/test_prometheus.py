"""The audit as metrics: every finding has a series."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.audit.verdicts import live_pod, verdict_with
from webhook.audit.findings import Finding
from webhook.audit.reports.prometheus import exposition
from webhook.audit.summary import Summary


def test_every_finding_has_a_series() -> None:
    summary = Summary()
    summary.add(live_pod("p"), verdict_with(Finding.VIOLATION))
    findings, at = text_string_to_metric_families(exposition(summary))
    counts = {each.labels["finding"]: each.value for each in findings.samples}
    assert counts == {**dict.fromkeys(Finding, 0), Finding.VIOLATION: 1}
    assert at.name == "podtailor_audit_timestamp_seconds"
