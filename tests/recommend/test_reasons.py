"""Amounts and moments as people read them, whatever the zone and the locale of the machine."""

from __future__ import annotations

import pytest

from webhook.recommend.evidence import Value
from webhook.recommend.reasons import Name, moment, of_peak, of_quantile, shown

MI = 2**20 * 1000


@pytest.mark.parametrize(
    ("at", "text"),
    [(1_789_355_400.0, "14 Sep 03:10"), (0.0, "1 Jan 00:00"), (1_798_761_599.0, "31 Dec 23:59")],
)
def test_moment(at: float, text: str) -> None:
    assert moment(at) == text


@pytest.mark.parametrize(
    ("milli", "resource", "text"),
    [
        (208, "cpu", "208m"),
        (1000, "cpu", "1"),
        (900 * MI, "memory", "900Mi"),
        (900 * MI - 7, "memory", "900Mi"),
        (1024 * MI, "memory", "1Gi"),
    ],
)
def test_shown(milli: int, resource: str, text: str) -> None:
    assert shown(milli, resource) == text


def test_quantile() -> None:
    reason = of_quantile(Value(208, "web-6f-bbbbb"), 950, 1150)
    assert (reason.name, str(reason)) == (Name.QUANTILE, "P95 208m of web-6f-bbbbb, and 15 %")
    assert str(of_quantile(Value(208, "web"), 999, 1000)) == "P99.9 208m of web"


def test_peak() -> None:
    reason = of_peak(Value(900 * MI, "web-6f-bbbbb", 1_789_355_400.0), "memory", 1125)
    assert str(reason) == "peak of 900Mi of web-6f-bbbbb on 14 Sep 03:10, and 12.5 %"
    assert (reason.pod, reason.at) == ("web-6f-bbbbb", 1_789_355_400.0)


def test_a_vertical_pod_autoscaler_has_a_target_and_neither_quantile_nor_peak() -> None:
    target = "target of VerticalPodAutoscaler web"
    cpu = of_quantile(Value(208, "VerticalPodAutoscaler web"), 950, 1150)
    assert str(cpu) == f"{target}, 208m without its margin, and 15 %"
    memory = of_peak(Value(900 * MI, "VerticalPodAutoscaler web", 1_789_355_400.0), "memory", 1000)
    assert str(memory) == f"{target}, 900Mi without its margin"
