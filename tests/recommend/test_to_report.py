"""Recommendations and backtests as a report shows them."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.recommend.weeks import WEB, WEEK, container, measured, owner, week
from webhook.audit.reports.usage import MAX_OWNERS
from webhook.recommend.backtest import By, backtest
from webhook.recommend.recommend import recommend
from webhook.recommend.rules import Rules
from webhook.recommend.to_report import Builder, Sized
from webhook.usage.measured import ContainerOfPod, History
from webhook.workloads.workload import Ref

RULES = Rules(max_shrink=1000)
MI = 2**20 * 1000
USAGE = week(measured("200m", "300m", "400Mi"))
STATE = owner(container(("1",), ("200Mi", "300Mi")), pods=3)
PAST = {
    ContainerOfPod("web-a", "app"): History(
        cpu=(200.0,) * WEEK.steps, memory=(*(300.0 * MI,) * (WEEK.steps - 1), 400.0 * MI)
    ),
    ContainerOfPod("other", "app"): History(cpu=(9e9,) * WEEK.steps),
}


def _sized(ref: Ref = WEB, cpu: str = "1") -> Sized:
    state = structs.replace(STATE, ref=ref, containers=(container((cpu,), ("200Mi", "300Mi")),))
    usage = structs.replace(USAGE, owners={"web-a": ref})
    return Sized(ref, 3, recommend(usage, state, RULES))


def test_waste_and_risk_are_of_all_pods() -> None:
    use = Builder([_sized()]).report().namespaces["shop"]
    assert (use.above["cpu"], use.below["cpu"]) == (3 * 770, 0)
    assert (use.above["memory"], use.below["memory"]) == (0, 3 * 264 * MI)
    assert use.undersized == 1
    assert (use.waste, use.risk) == ("2.31 CPU", "792 MiB")


def test_an_owner_has_its_reasons_a_plot_a_resource_and_its_trials() -> None:
    builder = Builder([_sized()])
    builder.add(WEB, backtest(USAGE, PAST, STATE, RULES), USAGE, PAST)
    report = builder.report()
    (use,) = report.owners
    assert use.reasons[0] == "app:requests.cpu is 1, needs 230m: P95 200m of web-a, and 15 %"
    cpu, memory = use.plots
    assert cpu.peak == "0.2 CPU", "that of its own Pods"
    assert [(each.name, each.text) for each in memory.levels] == [
        ("request", "200 MiB"), ("needed request", "464 MiB"), ("limit", "300 MiB"), ("needed limit", "480 MiB"),
    ]  # fmt: skip
    trials = {each.by: each for each in use.trials}
    assert [*trials] == list(By)
    assert (trials[By.PRESENT].kills, trials[By.PRESENT].cpu_hours) == (1, 0)
    hours = 0.3 * 7 * 24
    assert trials[By.PODTAILOR].cpu_hours == pytest.approx(hours * 0.77, rel=0.01)
    assert [each.by for each in report.namespaces["shop"].trials] == list(By)
    assert (report.begin, report.judged, report.end) == ("10 Sep 00:26", "14 Sep 22:01", "17 Sep 00:26")
    assert report.split == pytest.approx(0.7, abs=0.01)


def test_only_the_largest_are_shown() -> None:
    refs = [Ref("Deployment", "shop", f"web-{number}") for number in range(MAX_OWNERS + 5)]
    report = Builder(_sized(ref, f"{number + 1}") for number, ref in enumerate(refs)).report()
    assert [each.owner for each in report.owners] == refs[:4:-1]
    assert (len(report.owners), report.sized) == (MAX_OWNERS, MAX_OWNERS + 5)


def test_an_owner_with_what_it_needs_is_not_shown() -> None:
    state = owner(container(("230m",), ("464Mi",)))
    report = Builder([Sized(WEB, 1, recommend(USAGE, state, RULES))]).report(["no history"])
    assert (report.owners, report.sized, report.untried) == ([], 0, ("no history",))
    assert report.end == ""
