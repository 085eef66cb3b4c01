"""The bars of the HTML report."""

from __future__ import annotations

from tests.audit.verdicts import VIEW, live_pod, verdict_with
from webhook.audit.findings import Finding
from webhook.audit.reports.charts import Bar, charts
from webhook.audit.summary import Summary
from webhook.model.pod import PodView
from webhook.workloads.workload import Ref, Workload


def test_bars_are_parts_of_the_longest() -> None:
    summary = Summary()
    summary.add(live_pod("p"), verdict_with(Finding.WOULD_CHANGE))
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
        summary.add(workload, verdict_with(Finding.WOULD_CHANGE))
    rows = next(charts(summary)).rows
    assert [*rows] == [*(f"team-{number:02}" for number in range(12)), "3 others"]
    assert rows["3 others"] == (Bar("0.3", 33.3), Bar("0.9", 100))


def test_nothing_audited_has_no_charts() -> None:
    assert [*charts(Summary())] == []
