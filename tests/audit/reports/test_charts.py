"""The bars of the HTML report."""

from __future__ import annotations

import pytest

from tests.audit.verdicts import VIEW, live_pod, verdict_with
from webhook.audit.costs.capacity import NodeCapacity
from webhook.audit.costs.costs import Costs
from webhook.audit.findings import Finding
from webhook.audit.reports.charts import Comparison, Meter, charts, meters
from webhook.audit.summary import Summary
from webhook.model.pod import PodView
from webhook.workloads.workload import Ref, Workload

NOTHING = Comparison("0", "0", "", 0, 0)
MORE = Comparison("0.1 CPU", "0.3 CPU", "+0.2 CPU", 33.3, 100)


def _one() -> Summary:
    summary = Summary()
    summary.add(live_pod("p"), verdict_with(Finding.WOULD_CHANGE))
    return summary


def test_bars_are_parts_of_the_longest() -> None:
    namespaces, types = charts(_one())
    assert (namespaces.group, namespaces.rows) == ("Namespace", {"shop": (MORE, NOTHING)})
    assert (types.group, types.rows) == ("Workload type", {"exempt": (MORE, NOTHING)})


def test_the_smallest_share_a_bar() -> None:
    summary = Summary()
    for number in range(15):
        ref = Ref("Pod", f"team-{number:02}", "p")
        workload = Workload(ref=ref, owner=ref, admitted=PodView(), written=VIEW)
        summary.add(workload, verdict_with(Finding.WOULD_CHANGE))
    rows = next(charts(summary)).rows
    assert [*rows] == [*(f"team-{number:02}" for number in range(10)), "5 others"]
    assert rows["5 others"] == (Comparison("0.5 CPU", "1.5 CPU", "+1 CPU", 33.3, 100), NOTHING)


def test_nothing_audited_has_no_charts() -> None:
    assert [*charts(Summary())] == []


def test_meters_are_of_the_pods_or_of_all_nodes() -> None:
    assert meters(_one(), Costs()) == [Meter("CPU", MORE, ""), Meter("Memory", NOTHING, "")]
    capacity = NodeCapacity(
        selector="",
        nodes=1,
        allocatable={"cpu": 8000},
        requested={"cpu": 2000},
        added={"cpu": 2000},
        full_nodes=(),
    )
    of_nodes = Comparison("2 CPU", "4 CPU", "+2 CPU", 25, 50)
    assert meters(_one(), Costs((capacity,)))[0] == Meter("CPU", of_nodes, "8 CPU")


@pytest.mark.parametrize(
    ("comparison", "text"),
    [
        (MORE, "0.1 to 0.3 CPU"),
        (NOTHING, "0"),
        (Comparison("0", "5.8 CPU", "+5.8 CPU", 0, 100), "0 to 5.8 CPU"),
        (Comparison("512 MiB", "2 GiB", "+1.5 GiB", 25, 100), "512 MiB to 2 GiB"),
        (Comparison("2 GiB", "0", "-2 GiB", 100, 0), "2 GiB to 0"),
    ],
)
def test_a_shared_unit_is_written_once(comparison: Comparison, text: str) -> None:
    assert comparison.text == text
