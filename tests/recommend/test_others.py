"""Others' rules, compared with what their documents and sources say they give."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.recommend.weeks import AT, BEGIN, size
from webhook.recommend.others import Past, krr_simple, p95_alone, vpa_target
from webhook.recommend.owner import Size
from webhook.usage.measured import ContainerOfPod, History, Measured, NamespaceUsage, Window

MI = 2**20 * 1000
DAY = 288
WINDOW = Window(BEGIN, BEGIN + 7 * 86400, 300.0)


def past(
    *pods: tuple[Sequence[float], Sequence[float]], limit: int | None = None, killed: bool = False
) -> Past:
    keys = [ContainerOfPod(f"web-{at}", "app") for at in range(len(pods))]
    measured = Measured(memory_limit=limit, oom_killed_at=AT if killed else None)
    return Past(
        window=WINDOW,
        histories={
            key: History(cpu=tuple(cpu), memory=tuple(memory)) for key, (cpu, memory) in zip(keys, pods, strict=True)
        },
        usage=NamespaceUsage(namespace="shop", window=WINDOW, containers=dict.fromkeys(keys, measured)),
        present={"cpu": size("500m", "1"), "memory": Size(1024 * MI, limit)},
        containers=1,
    )  # fmt: skip


WEEK = 7 * DAY
BURSTS = [900.0 if at % 25 == 0 else 100.0 for at in range(WEEK)]
FLAT = [400.0 * MI] * WEEK


def test_krr_takes_the_busiest_pod_without_a_limit_and_15_percent_of_memory() -> None:
    found = krr_simple(past((BURSTS, FLAT), ([200.0] * WEEK, [500.0 * MI] * WEEK)))
    assert found["cpu"] == size("200m")
    assert found["memory"] == Size(575 * MI, 575 * MI)


def test_krr_has_floors() -> None:
    found = krr_simple(past(([1.0] * WEEK, [1.0 * MI] * WEEK)))
    assert found == {"cpu": size("10m"), "memory": Size(10**11, 10**11)}


def test_krr_says_nothing_of_few_points() -> None:
    few = past(([1.0] * 99, [1.0] * 99))
    assert krr_simple(few) == few.present


def test_vpa_adds_15_percent_to_p90_and_rounds_up_to_a_bucket() -> None:
    found = vpa_target(past(([200.0] * WEEK, FLAT)))
    request = found["cpu"].request or 0
    assert 200 * 1.15 <= request <= 200 * 1.15 * 1.05 + 1
    memory = found["memory"].request or 0
    assert 400 * 1.15 * MI <= memory <= (400 * 1.05 + 10) * 1.15 * MI
    assert found["cpu"].limit == 2 * request
    assert found["memory"].limit is None


def test_vpa_has_floors_for_a_pod() -> None:
    found = vpa_target(past(([1.0] * WEEK, [1.0 * MI] * WEEK)))
    assert (found["cpu"].request, found["memory"].request) == (25, 250 * MI)


def test_vpa_forgets_by_half_a_day_later() -> None:
    """One day of seven with ten times the usage: with equal weights it is 1/7 of them, and P90 shows it."""
    first = vpa_target(past(([1000.0] * DAY + [100.0] * 6 * DAY, FLAT)))
    last = vpa_target(past(([100.0] * 6 * DAY + [1000.0] * DAY, FLAT)))
    assert (first["cpu"].request or 0) < 130
    assert (last["cpu"].request or 0) > 1000


def test_vpa_misses_a_peak_that_is_days_ago() -> None:
    memory = [900.0 * MI] + [400.0 * MI] * (WEEK - 1)
    assert (vpa_target(past((BURSTS, memory)))["memory"].request or 0) < 520 * MI


@pytest.mark.parametrize(("limit", "least"), [(1000 * MI, 1200 * MI), (200 * MI, 300 * MI)])
def test_vpa_raises_memory_after_a_kill(limit: int, least: int) -> None:
    found = vpa_target(past((BURSTS, FLAT), limit=limit, killed=True))
    assert (found["memory"].request or 0) >= min(least, 460 * MI)


def test_p95_alone_has_no_margin() -> None:
    found = p95_alone(past((BURSTS, FLAT), limit=300 * MI))
    assert found["cpu"].request == 100
    assert found["memory"] == Size(400 * MI, 400 * MI)
