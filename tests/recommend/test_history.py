"""Parts of a past, and what a source would have answered about them."""

from __future__ import annotations

from math import nan

import pytest

from tests.recommend.weeks import BEGIN, WEB
from webhook.recommend.history import measured_in, quantile, split
from webhook.usage.measured import ContainerOfPod, History, Measured, NamespaceUsage, Peak, Window

KEY = ContainerOfPod("web-a", "app")
WINDOW = Window(BEGIN, BEGIN + 3000, 300.0)
SERIES = History(cpu=(nan, 1, 2, 3, 4, 5, 6, 7, 8, nan), memory=(5, 9, 9, nan, 1, 1, 1, 1, 1, 99))


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([5], 0.95, 5), ([1, 2], 0.5, 1.5), ([3, 1, 2], 1, 3), (range(101), 0.95, 95), ([0, 10], 0.95, 9.5)],
)
def test_quantile_is_that_of_prometheus(values: list[float], share: float, expected: float) -> None:
    assert quantile(values, share) == pytest.approx(expected)


def test_split_keeps_every_step() -> None:
    early, first, late, last = split(WINDOW, {KEY: SERIES}, 0.7)
    assert (early.end, late.begin, early.steps, late.steps) == (BEGIN + 2100, BEGIN + 2100, 7, 3)
    assert first[KEY].memory[:3] + last[KEY].memory == (5, 9, 9, 1, 1, 99)
    assert len(first[KEY].cpu) == 7


def test_measured_in_says_what_its_part_shows() -> None:
    whole = NamespaceUsage(
        namespace="shop",
        window=WINDOW,
        owners={"web-a": WEB},
        containers={
            KEY: Measured(memory_limit=10, memory_peak=Peak(99, 0), oom_killed_at=BEGIN + 2400, throttled=1.0)
        },
    )
    window, part, _, _ = split(WINDOW, {KEY: SERIES, ContainerOfPod("web-b", "app"): History()}, 0.7)
    found = measured_in(window, part, whole, 500)
    assert found.owners == whole.owners
    assert found.containers == {
        KEY: Measured(
            cpu_quantile=round(3.5),
            cpu_peak=Peak(6, BEGIN + 2100),
            memory_peak=Peak(9, BEGIN + 600),
            memory_limit=10,
            points=6,
            first=BEGIN,
            last=BEGIN + 1800,
        )
    }


def test_kills_of_the_part_are_in_it() -> None:
    whole = NamespaceUsage(
        namespace="shop", window=WINDOW, containers={KEY: Measured(oom_killed_at=BEGIN + 2000)}
    )
    assert measured_in(WINDOW, {KEY: SERIES}, whole, 950).containers[KEY].oom_killed_at == BEGIN + 2000
