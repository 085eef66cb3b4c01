"""The audit as metrics, for the textfile collector of a node exporter or for a Pushgateway."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from webhook.audit.summary import Summary


def exposition(summary: Summary) -> str:
    """Prometheus' text format. Every finding that was looked for has a series, even at zero."""
    registry = CollectorRegistry()
    findings = Gauge(
        "podtailor_audit_findings", "Owners by their worst finding.", ["finding"], registry=registry
    )
    at = Gauge("podtailor_audit_timestamp_seconds", "When the audit ended, Unix time.", registry=registry)
    for finding in summary.known:
        findings.labels(finding).set(sum(row.finding == finding for row in summary.rows))
    at.set_to_current_time()
    return generate_latest(registry).decode()
