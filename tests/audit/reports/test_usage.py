"""Waste and risk by namespace."""

from __future__ import annotations

from collections import Counter

from webhook.audit.reports.usage import MAX_NAMESPACES, NamespaceUse, OwnerUse, Trial, UsageReport
from webhook.audit.summary import Total
from webhook.workloads.workload import Ref


def _use(cpu: int, kills: int = 0) -> NamespaceUse:
    total = Total(pods=1, before=Counter(cpu=cpu + 100), after=Counter(cpu=100))
    trials = [Trial(by="as it stands"), Trial(by="podtailor", cpu_hours=cpu, kills=kills)]
    return NamespaceUse(requests=total, above=Counter(cpu=cpu), trials=trials)


def test_most_to_gain_comes_first_and_the_rest_is_one_row() -> None:
    uses = {f"n{number:02}": _use(100 * number, kills=1) for number in range(MAX_NAMESPACES + 3)}
    rows = UsageReport(namespaces=uses).rows()
    assert [rows[0].name, rows[-1].name, len(rows)] == ["n22", "3 others", MAX_NAMESPACES + 1]
    assert rows[-1].use.above["cpu"] == 300
    assert rows[-1].use.trials[1] == Trial(by="podtailor", kills=3, cpu_hours=300)
    assert rows[0].bars[0].text == "2.3 to 0.1 CPU"
    assert rows[0].bars[0].before_length == 100


def test_total_is_of_all_namespaces_and_changes_none() -> None:
    report = UsageReport(namespaces={"a": _use(100), "b": _use(200)})
    assert [report.total.above["cpu"], report.total.waste, report.total.risk] == [300, "0.3 CPU", ""]
    assert [each.cpu_hours for each in report.total.trials] == [0, 300]
    assert report.namespaces["a"].above["cpu"] == 100


def test_nothing_measured_has_no_rows() -> None:
    assert UsageReport().rows() == []


def test_change_of_an_owner_names_what_changes() -> None:
    total = Total(pods=2, before=Counter(cpu=2000, memory=5), after=Counter(cpu=500, memory=5))
    use = OwnerUse(owner=Ref("Deployment", "shop", "web"), pods=2, reasons=(), requests=total)
    assert use.change == "2 CPU to 0.5 CPU"
