"""Usage beside requests and limits, as shapes."""

from __future__ import annotations

import math

import pytest

from webhook.audit.reports.plots import MAX_POINTS, Level, busiest, highest_of, plot

GIB = 2**30 * 1000


def test_levels_are_at_their_height_and_usage_is_below() -> None:
    made = plot("app", "cpu", [100, 200], (1000, 250), (None, None))
    assert made
    assert made.levels == (Level("request", "1 CPU", 4.8), Level("needed request", "0.25 CPU", 76.2))
    assert made.path == "M0 90.5 V90.5H300 H300 V81.0H600"
    assert made.text == "CPU of app: used up to 0.2 CPU; request 1 CPU, needed request 0.25 CPU"


@pytest.mark.parametrize(
    ("requests", "limits", "names"),
    [
        pytest.param((None, None), (None, None), [], id="nothing is set"),
        pytest.param((100, 100), (200, 200), ["request", "limit"], id="what stays is one line"),
        pytest.param((100, 200), (200, 300), ["request", "needed request", "limit", "needed limit"], id="what changes is two"),
        pytest.param((None, 200), (None, None), ["needed request"], id="what is missing"),
    ],
)  # fmt: skip
def test_what_is_drawn(
    requests: tuple[int | None, int | None], limits: tuple[int | None, int | None], names: list[str]
) -> None:
    made = plot("app", "cpu", [100, 200], requests, limits)
    assert made
    assert [each.name for each in made.levels] == names


def test_a_limit_far_above_is_named_and_does_not_flatten_the_rest() -> None:
    made = plot("app", "memory", [GIB, GIB / 2], (GIB, GIB), (8 * GIB, 8 * GIB))
    assert made
    assert made.levels[1] == Level("limit", "8 GiB", None)
    assert made.top == "1.05 GiB"


def test_a_gap_is_not_drawn() -> None:
    made = plot("app", "cpu", [100, math.nan, 100], (None, None), (None, None))
    assert made
    assert made.path == "M0 4.8 V4.8H200 M400 4.8 V4.8H600"


@pytest.mark.parametrize("series", [(), (math.nan,)])
def test_nothing_measured_is_no_plot(series: tuple[float, ...]) -> None:
    assert plot("app", "cpu", series, (100, 100), (None, None)) is None


def test_fewer_points_lose_no_peak() -> None:
    series = [1.0] * 2016
    series[1234] = 9.0
    points = highest_of(series, MAX_POINTS)
    assert len(points) == MAX_POINTS
    assert points[1234 * MAX_POINTS // 2016] == 9.0
    assert sum(points) == MAX_POINTS + 8


def test_busiest_is_the_highest_of_the_pods_at_each_step() -> None:
    highest = busiest([(1, math.nan, 5), (2, math.nan), ()])
    assert highest[0] == 2
    assert math.isnan(highest[1])
    assert highest[2] == 5
    assert busiest([]) == ()
