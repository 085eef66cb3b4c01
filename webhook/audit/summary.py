"""Add verdicts up: one row per owner, worst first, and totals."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from webhook.audit.costs.costs import Costs
from webhook.audit.enforcement import Enforcement, Tailor
from webhook.audit.findings import (
    PLATFORMS,
    SIZES,
    WORST_FIRST,
    Amounts,
    Finding,
    Item,
    Verdict,
    not_judged,
    problem_of,
)
from webhook.audit.judge import judge
from webhook.audit.platforms import Platforms
from webhook.documents.problems import Problem
from webhook.engine.snapshot import Snapshot
from webhook.errors import ClusterError
from webhook.model.names import QOS_RESOURCES, WorkloadType
from webhook.model.place import Place
from webhook.model.quantity import of_milli
from webhook.workloads.workload import Ref, Workload


class Total(Struct):
    """Requests of Pods, in thousandths, before and after."""

    pods: int = 0
    before: Counter[str] = msgspec.field(default_factory=Counter)
    after: Counter[str] = msgspec.field(default_factory=Counter)

    def add(self, verdict: Verdict, pods: int) -> None:
        self.pods += pods
        for side, amounts in ((self.before, verdict.before), (self.after, verdict.after)):
            for key in QOS_RESOURCES:
                side[key] += pods * amounts.requests.get(key, 0)

    def join(self, other: Total) -> None:
        self.pods += other.pods
        self.before.update(other.before)
        self.after.update(other.after)


Located = tuple[Ref, Place | None]
"""An owner and where it is: files may hold an object more than once, as overlays do."""
SizesOf = Mapping[Located, Sequence[Item]]
"""By owner, what usage says about its requests and limits."""


class Row(Struct):
    """An owner, with its template and live Pods."""

    owner: Ref
    verdict: Verdict
    """The worst of its template and Pods."""
    pods: dict[Finding, int] = {}
    """Live Pods by their worst finding."""
    requests: Total = msgspec.field(default_factory=Total)
    """Of its Pods together."""
    place: Place | None = None
    """Of a manifest."""

    def add(self, workload: Workload, verdict: Verdict) -> None:
        if verdict is not self.verdict and _is_worse(verdict, self.verdict):
            self.verdict = verdict
        if workload.is_live:
            self.pods[verdict.finding] = self.pods.get(verdict.finding, 0) + 1
        if workload.replicas:
            self.requests.add(verdict, workload.replicas)

    @property
    def finding(self) -> Finding:
        return self.verdict.finding


def _is_worse(verdict: Verdict, other: Verdict) -> bool:
    """Among equal findings, one that changes something is."""
    if verdict.finding is other.finding:
        return not other.changes and verdict.changes
    return WORST_FIRST.index(verdict.finding) < WORST_FIRST.index(other.finding)


class Summary:
    """`add` every verdict, then read the rest."""

    def __init__(self, *, is_measured: bool = False, platforms: Platforms | None = None) -> None:
        """`is_measured`: whether usage was asked for; `platforms`: None if no platform was."""
        unasked = (*(() if is_measured else SIZES), *(() if platforms else PLATFORMS))
        self.known = tuple(each for each in WORST_FIRST if each not in unasked)
        """The findings that there can be, worst first."""
        self.platforms = platforms
        self._rows: dict[Located, Row] = {}
        self.objects = self.live_pods = 0
        self.findings: set[Finding] = set()
        """Every finding of any object, not only each object's worst."""
        self.pods: Counter[Finding] = Counter()
        self.qos: Counter[str] = Counter()
        self._tailors: dict[Tailor, set[Located]] = {}
        self.namespaces: defaultdict[str, Total] = defaultdict(Total)
        self.types: defaultdict[str, Total] = defaultdict(Total)

    def add(self, workload: Workload, verdict: Verdict) -> None:
        self.objects += 1
        if self.platforms:
            self.platforms.add(workload, verdict.before.requests.get("cpu", 0))
        for item in verdict.items:
            self.findings.add(item.finding)
        key = (workload.owner, workload.place)
        row = self._rows.get(key)
        if row is None:
            row = self._rows[key] = Row(workload.owner, verdict, place=workload.place)
        row.add(workload, verdict)
        if verdict.tailor:
            self._tailors.setdefault(verdict.tailor, set()).add(key)
        if workload.is_live:
            self.live_pods += 1
            self.pods[verdict.finding] += 1
        if workload.replicas:
            self.namespaces[workload.ref.namespace].add(verdict, workload.replicas)
            self.types[_joined(verdict.types)].add(verdict, workload.replicas)
            if verdict.qos and verdict.qos.before is not verdict.qos.after:
                self.qos[f"{verdict.qos.before} to {verdict.qos.after}"] += workload.replicas

    @property
    def rows(self) -> list[Row]:
        """Worst first, then by name; last, those of which no change has an effect."""
        return sorted(
            self._rows.values(),
            key=lambda row: (
                row.verdict.is_without_effect,
                WORST_FIRST.index(row.finding),
                row.owner.namespace,
                row.owner.kind,
                row.owner.name,
                str(row.place or ""),
            ),
        )

    @property
    def skips(self) -> Counter[str]:
        """Skipped owners by reason code."""
        skipped = (row.verdict.skipped for row in self._rows.values() if row.finding is Finding.SKIPPED)
        return Counter(each.reason for each in skipped if each)

    @property
    def tailors(self) -> dict[Tailor, int]:
        """Owners by what tailors their new Pods; empty if that is unknown."""
        return {each: len(self._tailors[each]) for each in Tailor if each in self._tailors}

    @property
    def without_effect(self) -> int:
        """Owners of which no change has an effect."""
        return sum(row.verdict.is_without_effect for row in self._rows.values())

    @property
    def owners(self) -> dict[Finding, int]:
        counted = Counter(row.finding for row in self._rows.values())
        return {finding: counted[finding] for finding in self.known}


def summary_json(
    summary: Summary,
    costs: Costs,
    notes: Sequence[str] = (),
    problems: Iterable[Problem] = (),
    *,
    interrupted: bool = False,
) -> dict[str, Any]:
    """`notes` are sentences about the audit as a whole, `problems` those of files."""
    return {
        "notes": notes,
        "problems": [each.fields for each in problems],
        "objects": summary.objects,
        "pods": summary.live_pods,
        "owners": summary.owners,
        "withoutEffect": summary.without_effect,
        "findings": {finding: summary.pods[finding] for finding in summary.known},
        "skips": dict(summary.skips),
        "tailoredBy": summary.tailors,
        "qosClasses": dict(summary.qos),
        "namespaces": _totals(summary.namespaces),
        "workloadTypes": _totals(summary.types),
        "capacity": [
            {
                "nodeSelector": each.selector,
                "nodes": each.nodes,
                "allocatable": quantities(each.allocatable),
                "requested": quantities(each.requested),
                "added": quantities(each.added),
                "short": each.shortages,
                "full": each.full_nodes,
            }
            for each in costs.capacity
        ],
        "autoscalers": [
            {
                "namespace": each.autoscaler.ref.namespace,
                "name": each.autoscaler.ref.name,
                "resource": each.metric.resource,
                "target": each.metric.target,
                "reads": each.utilization,
            }
            for each in costs.wakeups
        ],
        "costsUnknown": costs.unknown_reason or None,
        "platforms": summary.platforms.as_json() if summary.platforms else None,
        "interrupted": interrupted,
    }


def quantities(amounts: Amounts) -> dict[str, str]:
    return {key: str(of_milli(amounts.get(key, 0))) for key in QOS_RESOURCES}


def _totals(totals: Mapping[str, Total]) -> dict[str, Any]:
    return {
        name: {
            "pods": total.pods,
            "before": quantities(total.before),
            "after": quantities(total.after),
        }
        for name, total in sorted(totals.items())
    }


def _joined(types: Iterable[WorkloadType]) -> str:
    return ",".join(types) or "exempt"


class Auditor:
    """Judges workloads and sums up the verdicts."""

    def __init__(
        self,
        snapshot: Snapshot,
        enforcement: Enforcement,
        *,
        sizes: SizesOf | None = None,
        platforms: Platforms | None = None,
        with_diff: bool = False,
    ) -> None:
        """`sizes`: None if usage was not asked for; `platforms`: if no platform was."""
        self.snapshot = snapshot
        self._enforcement = enforcement
        self._with_diff = with_diff
        self._sizes = sizes or {}
        self._platforms = platforms
        self.summary = Summary(is_measured=sizes is not None, platforms=platforms)

    def judge(self, workload: Workload) -> Verdict:
        """A failure on one object is reported as `not-judged`, and does not end the audit.

        Raises ClusterError.
        """
        try:
            verdict = judge(
                workload,
                self.snapshot,
                self._enforcement,
                more=[
                    *self._sizes.get((workload.owner, workload.place), ()),
                    *(self._platforms.items(workload) if self._platforms else ()),
                ],
                with_diff=self._with_diff,
            )
        except ClusterError:
            raise
        except Exception as error:  # noqa: BLE001 (an object can hold anything)
            verdict = not_judged(problem_of(error))
        self.summary.add(workload, verdict)
        return verdict
