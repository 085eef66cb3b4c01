"""Backtests of a made-up namespace, on real servers: the figures of docs/recommend.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.usage.market import NAMESPACE, WORKLOADS
from tests.e2e.usage.week import WEEK
from webhook.recommend.backtest import By, Outcome, backtest
from webhook.recommend.rules import Rules
from webhook.usage.prometheus.server import PrometheusServer
from webhook.usage.prometheus.source import PrometheusUsage

PAGE = Path("docs/recommend.md")


@pytest.fixture
def outcomes(url: str) -> dict[str, dict[By, Outcome]]:
    """By workload."""
    source = PrometheusUsage(PrometheusServer(url), WEEK, cluster=("cluster", "east"))
    usage, history = source.usage(NAMESPACE), source.history(NAMESPACE)
    assert usage.problems == history.problems == ()
    return {
        each.name: {
            one.by: one for one in backtest(usage, history.containers, each.state(), Rules()).outcomes
        }
        for each in WORKLOADS
    }


def test_nothing_is_killed_by_our_sizes(outcomes: dict[str, dict[By, Outcome]]) -> None:
    killed = {
        by: [name for name, each in outcomes.items() if each[by].kills]
        for by in (By.PRESENT, By.PODTAILOR, By.KRR_SIMPLE, By.VPA_TARGET, By.P95_ALONE)
    }
    assert killed == {
        By.PRESENT: [],
        By.PODTAILOR: [],
        By.KRR_SIMPLE: ["cart", "search", "queue", "report"],
        By.VPA_TARGET: ["cart", "search"],
        By.P95_ALONE: [],
    }


def test_page_has_these_figures(outcomes: dict[str, dict[By, Outcome]]) -> None:
    """Whole hours and percents: the two servers differ by less."""
    rows = {
        name.strip(): cells
        for name, cells in re.findall(
            r"^\| ([\w ]+?) \|((?: \d+[ %h]*\|){5})$", PAGE.read_text(), re.MULTILINE
        )
    }
    written = {name: [int(each) for each in re.findall(r"\d+", cells)] for name, cells in rows.items()}
    assert written.keys() == {str(by) for by in By}
    for by in By:
        assert written[by] == pytest.approx(_figures(outcomes, by), abs=2), by


def _figures(outcomes: dict[str, dict[By, Outcome]], by: By) -> list[float]:
    """Workloads that were killed, hours above the memory limit and above the CPU request, percents saved."""
    mine, present = ([each[rule] for each in outcomes.values()] for rule in (by, By.PRESENT))
    killed = sum(each.kills > 0 for each in mine)
    hours = [
        sum(getattr(each, field) for each in mine) / 60 for field in ("over_memory_limit", "over_cpu_request")
    ]
    saved = [
        100 - 100 * sum(getattr(each, field) for each in mine) / sum(getattr(each, field) for each in present)
        for field in ("cpu_hours", "memory_hours")
    ]
    return [killed, *hours, *saved]
