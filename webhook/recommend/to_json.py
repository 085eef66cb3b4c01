"""Recommendations for programs, as `resize --from` reads them (`cli/resize/sizes_file.py`). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from webhook.model.names import QOS_RESOURCES
from webhook.model.quantity import of_milli
from webhook.recommend.backtest import Backtest
from webhook.recommend.evidence import Evidence
from webhook.recommend.owner import Size
from webhook.recommend.reasons import Reason
from webhook.recommend.recommend import NewTarget, Recommendation
from webhook.usage.measured import Window
from webhook.workloads.workload import Ref

Json = dict[str, Any]


def to_json(found: Iterable[Recommendation]) -> Json:
    return {"recommendations": [_row(each) for each in found]}


def backtest_to_json(tried: Mapping[Ref, Backtest]) -> list[Json]:
    """Times in minutes, requests in CPUs and GiB times hours, of all Pods of each owner."""
    return [
        {
            "owner": _owner(owner),
            "learned": _times(each.learned),
            "judged": _times(each.judged),
            "outcomes": [
                {
                    "by": outcome.by,
                    "kills": outcome.kills,
                    "overMemoryLimit": round(outcome.over_memory_limit),
                    "overCpuLimit": round(outcome.over_cpu_limit),
                    "overCpuRequest": round(outcome.over_cpu_request),
                    "cpuHours": round(outcome.cpu_hours, 2),
                    "memoryHours": round(outcome.memory_hours, 2),
                }
                for outcome in each.outcomes
            ],
        }
        for owner, each in tried.items()
    ]


def _times(window: Window) -> Json:
    return {"from": _time(window.begin), "to": _time(window.end)}


def _time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _owner(owner: Ref) -> Json:
    return {"kind": owner.kind, "namespace": owner.namespace, "name": owner.name}


def _row(found: Recommendation) -> Json:
    row: Json = {
        "owner": _owner(found.owner),
        "container": found.container,
        "from": _resources({resource: each.before for resource, each in found.advice.items()}),
        "to": _resources(
            {resource: each.before.changed(each.after) for resource, each in found.advice.items()}
        ),
        **({"sure": found.sure} if found.evidence else {}),
        "why": {resource: _reason(each.why) for resource, each in found.advice.items()},
    }
    if found.evidence:
        row["measured"] = _evidence(found.evidence)
    if found.devices:
        per_device = {resource: found.per_device(resource) for resource in QOS_RESOURCES}
        row["perDevice"] = {resource: of_milli(each).text for resource, each in per_device.items() if each}
    if found.targets:
        row["autoscalers"] = [_target(each) for each in found.targets]
    return row


def _resources(sizes: Mapping[str, Size]) -> Json:
    sides = {"requests": 0, "limits": 1}
    return {
        side: amounts
        for side, at in sides.items()
        if (
            amounts := {
                resource: of_milli(amount).text
                for resource, size in sizes.items()
                if (amount := size[at]) is not None
            }
        )
    }


def _reason(why: Reason) -> Json:
    reason: Json = {"name": why.name, "detail": why.detail}
    if why.pod:
        reason["pod"] = why.pod
    if why.at is not None:
        reason["at"] = _time(why.at)
    return reason


def _evidence(evidence: Evidence) -> Json:
    return {
        "days": round(evidence.days, 2),
        "pods": evidence.pods,
        "spread": {
            resource: {"lowest": of_milli(each.lowest).text, "highest": of_milli(each.highest).text}
            for resource, each in evidence.spread.items()
        },
    }


def _target(target: NewTarget) -> Json:
    return {
        "name": target.autoscaler,
        "resource": target.resource,
        **({"container": target.container} if target.container else {}),
        "from": target.before,
        "to": target.after,
    }
