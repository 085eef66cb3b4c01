"""The steps of a window."""

from __future__ import annotations

from webhook.usage.measured import Window


def test_steps_are_whole() -> None:
    week = Window(begin=1000.0, end=1000.0 + 7 * 86400, step=300.0)
    assert week.steps == 2016
    assert week._replace(end=week.end + 299).steps == 2016
