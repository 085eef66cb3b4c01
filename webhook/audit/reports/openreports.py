"""The audit as Reports of openreports.io, one per namespace, each small enough for etcd."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec

from webhook.audit.findings import WORST_FIRST, Finding
from webhook.audit.reports.wording import brief
from webhook.audit.summary import Row, Summary
from webhook.model.text import truncate

API_VERSION, KIND, PLURAL = "openreports.io/v1alpha1", "Report", "reports"
NAME = "podtailor"
MANAGED_BY = "app.kubernetes.io/managed-by"
MAX_RESULTS = 200
# 256 KiB with the API server's own fields: managedFields take about as much again as the keys.
MAX_BYTES = 160 * 1024
_MAX_MESSAGE = 512

_RESULTS = {
    Finding.NOT_JUDGED: "error",
    Finding.VIOLATION: "fail",
    Finding.SLIPPED_THROUGH: "fail",
    Finding.WRONG_ARCH: "fail",
    Finding.DRIFTED: "warn",
    Finding.CONFLICT: "warn",
    Finding.UNDERSIZED: "warn",
    Finding.OVERSIZED: "warn",
    Finding.WOULD_CHANGE: "warn",
    Finding.STOPPED_BY_IMAGE: "warn",
    Finding.ARCH_UNKNOWN: "warn",
    Finding.WOULD_RUN: "pass",
    Finding.SKIPPED: "skip",
    Finding.PASS: "pass",
}
_SEVERITIES = {"error": "high", "fail": "high", "warn": "low"}
_VERSIONS = {
    "ReplicationController": "v1",
    "Pod": "v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "ReplicaSet": "apps/v1",
}


def reports(summary: Summary, at: datetime) -> Iterator[dict[str, Any]]:
    by_namespace: dict[str, list[Row]] = {}
    for row in summary.rows:
        by_namespace.setdefault(row.owner.namespace, []).append(row)
    for namespace in sorted(by_namespace):
        yield _report(namespace, by_namespace[namespace], {"seconds": int(at.timestamp()), "nanos": 0})


def _report(namespace: str, rows: list[Row], timestamp: dict[str, int]) -> dict[str, Any]:
    results: list[dict[str, Any]] = []
    size = 0
    for row in rows:
        result = _result(row, timestamp)
        size += len(msgspec.json.encode(result))
        if len(results) == MAX_RESULTS - 1 < len(rows) - 1 or size > MAX_BYTES:
            results.append(_rest(rows[len(results) :], timestamp))
            break
        results.append(result)
    counted = Counter(_RESULTS[row.finding] for row in rows)
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": NAME, "namespace": namespace, "labels": {MANAGED_BY: NAME}},
        "source": NAME,
        "scope": {"apiVersion": "v1", "kind": "Namespace", "name": namespace},
        "summary": {each: counted[each] for each in ("pass", "fail", "warn", "error", "skip")},
        "results": results,
    }


def _result(row: Row, timestamp: dict[str, int]) -> dict[str, Any]:
    result = _RESULTS[row.finding]
    items = [item for item in row.verdict.items if item.finding is row.finding]
    policies = dict.fromkeys(item.policy for item in items if item.policy)
    subject = {"kind": row.owner.kind, "namespace": row.owner.namespace, "name": row.owner.name}
    if row.owner.kind in _VERSIONS:
        subject = {"apiVersion": _VERSIONS[row.owner.kind], **subject}
    described = {
        "policy": truncate(",".join(policies) or NAME, _MAX_MESSAGE),
        "rule": str(row.finding),
        "result": result,
        "timestamp": timestamp,
        "resources": [subject],
        "message": truncate(_message(row), _MAX_MESSAGE),
    }
    if row.place:
        described["properties"] = {key: str(value) for key, value in row.place.fields.items()}
    return {**described, "severity": _SEVERITIES[result]} if result in _SEVERITIES else described


def _message(row: Row) -> str:
    pods = row.pods.get(row.finding, 0)
    return ": ".join(filter(None, (f"{pods} of its Pods" if pods else "", brief(row.verdict))))


def _rest(rows: Iterable[Row], timestamp: dict[str, int]) -> dict[str, Any]:
    """One result for the rows that do not fit."""
    counted = Counter(row.finding for row in rows)
    worst = min(counted, key=WORST_FIRST.index)
    findings = ", ".join(f"{count} {finding}" for finding, count in counted.items())
    return {
        "policy": NAME,
        "rule": "not-listed",
        "result": _RESULTS[worst],
        "timestamp": timestamp,
        "message": f"{counted.total()} more owners: {findings}; podtailor audit lists them",
    }
