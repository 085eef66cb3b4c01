"""The steps of a window."""

from __future__ import annotations

from webhook.usage.measured import Window


def test_steps_are_whole() -> None:
    week = Window(begin=1000.0, end=1000.0 + 7 * 86400, step=300.0)
    assert week.steps == 2016
    assert week._replace(end=week.end + 299).steps == 2016


def test_window_before_a_time_leaves_late_samples_out() -> None:
    assert Window.before(10_000.0, 900, 300) == Window(begin=9000.0, end=9900.0, step=300)
    assert Window.before(9_959.0, 900, 300).end == 9600.0
    assert Window.before(10_000.0, 1, 300).steps == 1
