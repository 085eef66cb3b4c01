"""What is counted against a past whose truth is known."""

from __future__ import annotations

from math import nan

import pytest
from msgspec import structs

from tests.recommend.weeks import BEGIN, WEB, container, owner
from webhook.recommend.backtest import Backtest, By, Outcome, backtest
from webhook.recommend.owner import OwnerState, Size
from webhook.recommend.rules import Rules
from webhook.usage.measured import ContainerOfPod, History, Measured, NamespaceUsage, Window

MI = 2**20 * 1000
DAY = 288
WEEK = Window(BEGIN, BEGIN + 10 * 86400, 300.0)
"""Ten days, so that seven recommend and three judge."""
KEY = ContainerOfPod("web-a", "app")
NOTHING = Measured()


def tried(history: History, state: OwnerState, measured: Measured = NOTHING) -> Backtest:
    usage = NamespaceUsage(namespace="shop", window=WEEK, containers={KEY: measured}, owners={"web-a": WEB})
    return backtest(usage, {KEY: history}, state, Rules(max_shrink=1000))


def outcome(found: Backtest, by: By) -> Outcome:
    return next(each for each in found.outcomes if each.by is by)


def series(*, cpu: dict[int, float] | None = None, memory: dict[int, float] | None = None) -> History:
    """Ten days of 100m and 400Mi, but for some steps."""
    return History(
        cpu=tuple((cpu or {}).get(at, 100.0) for at in range(10 * DAY)),
        memory=tuple(MI * (memory or {}).get(at, 400.0) for at in range(10 * DAY)),
    )


def test_counts_kills_and_minutes_exactly() -> None:
    """Three peaks of 900Mi in the judged part, one of them two steps long; and in the first part, one of 500Mi."""
    late = 7 * DAY
    peaks = {5: 500.0, late: 900.0, late + 10: 900.0, late + 11: 900.0, late + 100: 900.0}
    found = tried(series(memory=peaks), owner(container(memory=("800Mi", "1Gi"))))
    assert found.learned.steps == 7 * DAY
    assert (outcome(found, By.PRESENT).kills, outcome(found, By.PODTAILOR).kills) == (0, 0)
    krr = outcome(found, By.KRR_SIMPLE)
    assert krr.sizes["app"]["memory"] == Size(575 * MI, 575 * MI)
    assert (krr.kills, krr.over_memory_limit, krr.killed) == (3, 20.0, "web-a app")


def test_a_recommendation_that_would_have_killed_says_so() -> None:
    """A Guaranteed Pod, whose limit follows what its first week showed."""
    found = tried(series(memory={8 * DAY: 900.0}), owner(container(("500m", "500m"), ("1Gi", "1Gi"))))
    ours = outcome(found, By.PODTAILOR)
    assert ours.sizes["app"]["memory"] == Size(464 * MI, 464 * MI)
    assert (ours.kills, ours.killed) == (1, "web-a app")


def test_a_kill_that_no_sample_shows_counts_for_limits_as_low() -> None:
    killed = Measured(memory_limit=512 * MI, oom_killed_at=BEGIN + 8.5 * 86400)
    found = tried(series(), owner(container(memory=("512Mi", "512Mi"))), killed)
    assert [each.kills for each in found.outcomes] == [1, 1, 1, 1, 1]
    larger = tried(series(), owner(container(memory=("512Mi", "1Gi"))), killed)
    assert (outcome(larger, By.PRESENT).kills, outcome(larger, By.KRR_SIMPLE).kills) == (0, 1)


def test_a_kill_of_the_first_part_makes_memory_more() -> None:
    killed = Measured(memory_limit=512 * MI, oom_killed_at=BEGIN + 86400)
    found = tried(series(memory={8 * DAY: 600.0}), owner(container(memory=("512Mi", "512Mi"))), killed)
    assert outcome(found, By.PODTAILOR).sizes["app"]["memory"] == Size(512 * MI, 640 * MI)
    assert {each.by: each.kills for each in found.outcomes} == {
        By.PRESENT: 1,
        By.PODTAILOR: 0,
        By.KRR_SIMPLE: 1,
        By.VPA_TARGET: 0,  # it knows of the kill too
        By.P95_ALONE: 1,
    }


def test_counts_cpu_over_limit_and_over_request() -> None:
    busy = dict.fromkeys(range(8 * DAY, 8 * DAY + 6), 450.0)
    found = tried(series(cpu=busy), owner(container(("500m", "1"))))
    ours, present = outcome(found, By.PODTAILOR), outcome(found, By.PRESENT)
    assert ours.sizes["app"]["cpu"] == Size(120, 1000)
    assert (ours.over_cpu_request, ours.over_cpu_limit) == (30.0, 0.0)
    assert (present.over_cpu_request, present.over_cpu_limit) == (0.0, 0.0)
    throttled = outcome(tried(series(cpu=busy), owner(container(("500m", "400m")))), By.PRESENT)
    assert throttled.over_cpu_limit == 30.0


def test_requests_count_for_the_time_that_pods_ran() -> None:
    half = series()
    gone = History(
        cpu=(*half.cpu[: 8 * DAY], *([nan] * 2 * DAY)), memory=(*half.memory[: 8 * DAY], *([nan] * 2 * DAY))
    )
    present = outcome(tried(gone, owner(container(("500m",), ("2Gi",)))), By.PRESENT)
    assert present.cpu_hours == pytest.approx(24 * 0.5)
    assert present.memory_hours == pytest.approx(24 * 2)


def test_pods_of_other_owners_do_not_count() -> None:
    usage = NamespaceUsage(namespace="shop", window=WEEK, containers={KEY: NOTHING}, owners={})
    found = backtest(usage, {KEY: series()}, owner(), Rules())
    assert [each.cpu_hours for each in found.outcomes] == [0.0] * 5
    assert outcome(found, By.PODTAILOR).sizes == {"app": owner().containers[0].sizes}


def test_the_last_part_teaches_nothing() -> None:
    """The same first part recommends the same, whatever comes later."""
    state = owner(container(memory=("800Mi", "1Gi")))
    calm, wild = (
        tried(series(memory=peaks, cpu=peaks), state) for peaks in ({}, dict.fromkeys(range(7 * DAY, 8 * DAY), 5000.0))
    )  # fmt: skip
    assert [each.sizes for each in calm.outcomes] == [each.sizes for each in wild.outcomes]
    late = structs.replace(NOTHING, oom_killed_at=BEGIN + 9 * 86400, memory_limit=1024 * MI, throttled=0.5)
    warned = tried(series(), state, late)
    assert [each.sizes for each in calm.outcomes] == [each.sizes for each in warned.outcomes]
