"""The last line, and what a row says besides its numbers."""

from __future__ import annotations

from tests.recommend.weeks import WEB, advised, container, measured, owner, week
from webhook.audit.costs.autoscalers import Autoscaler, Metric
from webhook.cli.recommend.table import COLUMNS, Row, totals, why
from webhook.recommend.rules import Rules
from webhook.workloads.workload import Ref

MANY = Rules(max_shrink=1000, with_hpa=True)
CELLS = {each.title: each.cell for each in COLUMNS}


def test_totals_count_all_pods() -> None:
    rows = [Row(advised(week(measured("2", memory="100Mi")), owner(), MANY), 3)]
    assert totals(rows) == "Saves 5.6Gi; raises 3.9 CPU of requests."


def test_totals_name_what_was_not_judged() -> None:
    jobs = [
        Row(advised(week(owner=ref), owner(ref=ref)), 1)
        for ref in (Ref("CronJob", "shop", f"job-{at}") for at in range(5))
    ]
    assert totals(jobs) == (
        "Nothing is to change. Not judged: 5 containers (cj/job-0: nothing was measured, "
        "cj/job-1: nothing was measured, cj/job-2: nothing was measured, …)."
    )


def test_limits_are_short() -> None:
    guaranteed = Row(advised(week(measured()), owner(container(("1", "1"), ("2Gi", "2Gi"))), MANY), 1)
    raised = Row(advised(week(measured("900m", "2")), owner(container(("1", "1"))), MANY), 1)
    none = Row(advised(week(measured()), owner(), MANY), 1)
    assert [CELLS["LIMITS"](each) for each in (guaranteed, raised, none)] == [
        "= requests",
        "1/- -> 2400m/-",
        "-",
    ]


def test_devices_and_targets_are_said() -> None:
    hpa = Autoscaler(Ref("HorizontalPodAutoscaler", "shop", "api"), WEB, (Metric("cpu", 70),))
    row = Row(advised(week(measured()), owner(container(devices=2), autoscalers=(hpa,)), MANY), 1)
    assert why(row).endswith(
        "; for each of its 2 devices 115m cpu and 232Mi memory"
        "; together with HorizontalPodAutoscaler api: cpu target 70 % -> 304 %"
    )


def test_namespaces_are_said_if_there_are_several() -> None:
    found = advised(week(measured()), owner())
    assert [CELLS["OWNER"](Row(found, 1, several)) for several in (False, True)] == [
        "deploy/web",
        "shop/deploy/web",
    ]
