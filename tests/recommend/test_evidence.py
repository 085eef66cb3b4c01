"""What several Pods have shown together, and how sure that is."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from tests.recommend.weeks import AT, BEGIN, DAY, WEEK, container, measured, owner, week
from webhook.recommend.evidence import Evidence, Kill, Sure, evidence
from webhook.usage.measured import Measured
from webhook.workloads.workload import Ref


def _of(*pods: Measured) -> Evidence:
    found = evidence(week(*pods), owner(), container(memory=("1Gi", "2Gi")))
    assert found
    return found


def _part(begin: float, end: float, **more: Any) -> Measured:
    return measured(first=BEGIN + begin * DAY, last=BEGIN + end * DAY - WEEK.step, **more)


@pytest.mark.parametrize(
    ("pods", "sure", "days"),
    [
        pytest.param([_part(0, 7)], Sure.HIGH, 7, id="a whole week"),
        pytest.param([_part(0.03, 7)], Sure.HIGH, 6.97, id="a week, but for the hour that nobody can tell"),
        pytest.param([_part(0, 7, points=1700)], Sure.MEDIUM, 5.903, id="a week with holes"),
        pytest.param([_part(0, 7, points=24)], Sure.LOW, 1 / 12, id="two hours, days apart"),
        pytest.param([_part(0, 4), _part(3, 7)], Sure.HIGH, 7, id="Pods that replace each other"),
        pytest.param([_part(0, 1), _part(6, 7)], Sure.LOW, 2, id="Pods with days between them"),
        pytest.param([_part(3, 7)] * 9, Sure.MEDIUM, 4, id="many Pods for four days"),
        pytest.param([_part(4.5, 7)], Sure.LOW, 2.5, id="less than three days"),
    ],
)
def test_sure(pods: list[Measured], sure: Sure, days: float) -> None:
    found = _of(*pods)
    assert (found.sure, found.pods) == (sure, len(pods))
    assert found.days == pytest.approx(days, abs=0.002)


def test_a_bare_pod_is_its_own_owner() -> None:
    usage = week(measured())
    alone = owner(ref=Ref("Pod", "shop", "web-a"))
    assert evidence(usage, alone, container()) is None
    assert evidence(structs.replace(usage, owners={}), alone, container())


def test_the_kill_at_the_highest_limit_counts() -> None:
    low, high = (measured(oom_killed_at=AT, memory_limit=limit) for limit in (10**9, 3 * 10**9))
    assert _of(low, high, low).kill == Kill("web-b", AT, 3 * 10**9)


def test_the_present_limit_is_not_taken_for_one_that_was_not_measured() -> None:
    found = _of(measured(memory="1950Mi", oom_killed_at=AT))
    assert (found.kill, found.cut_off) == (Kill("web-a", AT, None), {})


def test_usage_is_cut_off_by_the_limit_that_it_ran_with() -> None:
    assert set(_of(measured(memory="400Mi", memory_limit=420 * 2**20 * 1000)).cut_off) == {"memory"}
    assert _of(measured(memory="1950Mi", memory_limit=2**42 * 1000)).cut_off == {}
