"""Rows and totals, Reports, repairs."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec import structs

from webhook.audit.findings import Demand, Finding, Item, Verdict
from webhook.audit.reports import openreports
from webhook.audit.reports.charts import Bar, charts
from webhook.audit.summary import Summary
from webhook.engine.qos import QOSClass, QosMove
from webhook.model.notice import Notice
from webhook.model.pod import PodView, pod_view
from webhook.retrofit.plan import Planner
from webhook.retrofit.rollout import RolloutStatus
from webhook.workloads.workload import Ref, Workload

AT = datetime(2026, 1, 31, tzinfo=UTC)
STAYS = QosMove(QOSClass.BURSTABLE, QOSClass.BURSTABLE)
VIEW = pod_view({"metadata": {}, "spec": {"containers": [{"name": "app"}]}})


def _pod(name: str, owner: Ref | None = None) -> Workload:
    ref = Ref("Pod", "shop", name)
    return Workload(
        ref=ref, owner=owner or ref, admitted=PodView(), written=VIEW, created="2026-01-01T00:00:00Z"
    )


def _found(
    finding: Finding, *fields: str, why: str = "", after: object = "1", qos: QosMove = STAYS
) -> Verdict:
    items = [Item(finding, "p", field, after=after, why=why, in_force=True) for field in fields or ("",)]
    return Verdict(
        items=tuple(items),
        qos=qos,
        enforced_qos=qos,
        before=Demand(requests={"cpu": 100}),
        after=Demand(requests={"cpu": 300}),
    )


WEB = Ref("Deployment", "shop", "web")


def test_row_is_as_bad_as_the_worst_of_its_pods() -> None:
    summary = Summary()
    summary.add(Workload(ref=WEB, owner=WEB, admitted=VIEW, written=VIEW, replicas=0), _found(Finding.PASS))
    summary.add(_pod("web-1", WEB), _found(Finding.WOULD_CHANGE))
    summary.add(_pod("web-2", WEB), _found(Finding.SLIPPED_THROUGH))
    skipped = structs.replace(_found(Finding.SKIPPED), skipped=Notice("opted-out", "label"))
    summary.add(_pod("own"), skipped)
    worst, other = summary.rows
    assert (worst.owner, worst.finding) == (WEB, Finding.SLIPPED_THROUGH)
    assert worst.pods == {Finding.WOULD_CHANGE: 1, Finding.SLIPPED_THROUGH: 1}
    assert other.owner.name == "own"
    assert summary.skips == Counter({"opted-out": 1})
    assert (summary.live_pods, summary.objects) == (3, 4)
    total = summary.namespaces["shop"]
    assert (total.pods, total.before["cpu"], total.after["cpu"]) == (3, 300, 900)


@pytest.mark.parametrize(
    ("finding", "result"),
    [
        (Finding.PASS, "pass"), (Finding.WOULD_CHANGE, "warn"), (Finding.VIOLATION, "fail"),
        (Finding.SLIPPED_THROUGH, "fail"), (Finding.CONFLICT, "warn"), (Finding.DRIFTED, "warn"), (Finding.SKIPPED, "skip"),
    ],
)  # fmt: skip
def test_each_finding_is_a_result(finding: Finding, result: str) -> None:
    summary = Summary()
    summary.add(_pod("p"), _found(finding))
    (report,) = openreports.reports(summary, AT)
    assert report["results"][0]["result"] == result
    assert report["summary"][result] == 1


def test_report_says_how_many_there_was_no_room_for() -> None:
    summary = Summary()
    for number in range(300):
        summary.add(_pod(f"p-{number}"), _found(Finding.PASS if number else Finding.VIOLATION))
    (report,) = openreports.reports(summary, AT)
    assert len(report["results"]) == 200
    assert report["results"][0]["result"] == "fail"
    assert report["results"][-1]["message"] == "101 more owners: 101 pass; podtailor audit lists them"
    assert report["summary"]["pass"] == 299


def test_report_is_small_whatever_is_said() -> None:
    summary = Summary()
    for number in range(199):
        summary.add(_pod(f"{number}-{'n' * 240}"), _found(Finding.VIOLATION, "f" * 2000, why="\u2603" * 5000))
    (report,) = openreports.reports(summary, AT)
    assert len(json.dumps(report)) < 256 * 1024
    assert report["results"][-1]["rule"] == "not-listed"


def test_bars_are_parts_of_the_longest() -> None:
    summary = Summary()
    summary.add(_pod("p"), _found(Finding.WOULD_CHANGE))
    cpu, memory, *_ = charts(summary)
    assert (cpu.title, cpu.rows) == (
        "CPU requests in cores, by namespace",
        {"shop": (Bar("0.1", 33.3), Bar("0.3", 100))},
    )
    assert memory.rows == {"shop": (Bar("0Gi", 0), Bar("0Gi", 0))}


def test_the_smallest_share_a_bar() -> None:
    summary = Summary()
    for number in range(15):
        ref = Ref("Pod", f"team-{number:02}", "p")
        workload = Workload(ref=ref, owner=ref, admitted=PodView(), written=VIEW)
        summary.add(workload, _found(Finding.WOULD_CHANGE))
    rows = next(charts(summary)).rows
    assert [*rows] == [*(f"team-{number:02}" for number in range(12)), "3 others"]
    assert rows["3 others"] == (Bar("0.3", 33.3), Bar("0.9", 100))


def test_nothing_audited_has_no_charts() -> None:
    assert [*charts(Summary())] == []


class TestRepairs:
    def test_resize_where_it_is_enough(self) -> None:
        planner = Planner()
        planner.add(_pod("p"), _found(Finding.SLIPPED_THROUGH, "app:requests.cpu", "app:limits.memory"))
        (resize,) = planner.plan().resizes
        assert str(resize) == (
            "kubectl patch pod p --namespace=shop --subresource=resize "
            """--patch='{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"1"},"limits":{"memory":"1"}}}]}}'"""
        )

    @pytest.mark.parametrize(
        ("fields", "qos"),
        [
            pytest.param(
                ["app:requests.cpu"], QosMove(QOSClass.BEST_EFFORT, QOSClass.BURSTABLE), id="class would move"
            ),
            pytest.param(["app:requests.cpu", "app:resizePolicy.cpu"], STAYS, id="resizePolicy is for good"),
            pytest.param(["pod:nodeSelector.a"], STAYS, id="so are selectors"),
            pytest.param(["app:requests.ephemeral-storage"], STAYS, id="not of cpu or memory"),
            pytest.param(["setup:requests.cpu"], STAYS, id="not of an init container"),
        ],
    )
    def test_else_a_new_pod(self, fields: list[str], qos: QosMove) -> None:
        planner = Planner()
        planner.add(_pod("web-1", WEB), _found(Finding.WOULD_CHANGE, *fields, qos=qos))
        planner.add(_pod("own"), _found(Finding.WOULD_CHANGE, *fields, qos=qos))
        plan = planner.plan()
        assert plan.resizes == ()
        assert [str(each) for each in plan.restarts] == [
            "kubectl rollout restart deployment/web --namespace=shop"
        ]
        assert [each.owner.name for each in plan.by_hand] == ["own"]

    def test_nothing_for_what_is_not_enforced(self) -> None:
        planner = Planner()
        items = (Item(Finding.WOULD_CHANGE, "p", "app:requests.cpu"),)
        planner.add(_pod("p"), Verdict(items=items))
        planner.add(_pod("fine"), _found(Finding.PASS))
        plan = planner.plan()
        assert (plan.not_in_force, plan.resizes, plan.restarts, plan.by_hand) == (1, (), (), ())


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
