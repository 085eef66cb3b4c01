"""Verdicts as JSON: of one object, and of one owner."""

from __future__ import annotations

from typing import Any

from webhook.audit.findings import Verdict
from webhook.audit.summary import Row, quantities
from webhook.workloads.workload import Workload


def record_of(workload: Workload, verdict: Verdict) -> dict[str, Any]:
    ref, owner = workload.ref, workload.owner
    return {
        "kind": ref.kind,
        "namespace": ref.namespace,
        "name": ref.name,
        "owner": {"kind": owner.kind, "name": owner.name},
        **(workload.place.fields if workload.place else {}),
        **_verdict(verdict),
    }


def row_of(row: Row) -> dict[str, Any]:
    owner = row.owner
    return {
        "kind": owner.kind,
        "namespace": owner.namespace,
        "name": owner.name,
        **(row.place.fields if row.place else {}),
        "pods": {finding: count for finding, count in row.pods.items() if count},
        **_verdict(row.verdict),
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    """With `diff` only if the verdict has one."""
    record = {
        "finding": verdict.finding,
        "withoutEffect": verdict.is_without_effect,
        "items": verdict.items,
        "workloadTypes": verdict.types,
        "qosClass": verdict.qos,
        "tailoredBy": verdict.tailor,
        "requests": {
            "before": quantities(verdict.before.requests),
            "after": quantities(verdict.after.requests),
        },
    }
    return {**record, "diff": verdict.diff} if verdict.diff else record
