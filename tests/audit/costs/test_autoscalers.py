"""Autoscalers that would become active."""

from __future__ import annotations

from webhook.audit.costs.autoscalers import Autoscaler, Autoscalers, Metric, Usage
from webhook.audit.findings import Demand, Finding, Item, Verdict
from webhook.workloads.workload import Ref

WEB = Ref("Deployment", "shop", "web")


def _autoscaler(*metrics: Metric) -> Autoscalers:
    return Autoscalers([Autoscaler(Ref("HorizontalPodAutoscaler", "shop", "web"), WEB, metrics)])


def _verdict(before: set[str], after: set[str], cpu: int = 100) -> Verdict:
    return Verdict(
        items=(Item(Finding.WOULD_CHANGE),),
        before=Demand(unsized={"cpu": frozenset(before)}),
        after=Demand(containers={"app": {"cpu": cpu}}, unsized={"cpu": frozenset(after)}),
    )


def test_autoscaler_becomes_active_once_no_container_lacks_a_request() -> None:
    scalers = _autoscaler(Metric("cpu", 80))
    scalers.add(WEB, WEB, _verdict({"app", "mesh"}, {"mesh"}))
    assert scalers.wakeups(lambda _: None) == []
    scalers.add(WEB, WEB, _verdict({"app"}, set()))
    (wakeup,) = scalers.wakeups(lambda _: None)
    assert (wakeup.metric.target, wakeup.utilization) == (80, None)


def test_autoscaler_of_one_container_looks_at_that_one() -> None:
    scalers = _autoscaler(Metric("cpu", 80, "app"))
    scalers.add(WEB, WEB, _verdict({"mesh"}, set()))
    assert scalers.wakeups(lambda _: None) == []


def test_it_reads_use_against_what_will_be_requested() -> None:
    scalers = _autoscaler(Metric("cpu", 80))
    for name in ("web-1", "web-2"):
        scalers.add(Ref("Pod", "shop", name), WEB, _verdict({"app"}, set(), cpu=200))
    usage = {"web-1": Usage({"app": {"cpu": 150}, "late": {"cpu": 50}})}
    (wakeup,) = scalers.wakeups(lambda _: usage)
    assert wakeup.utilization == 75, "of the Pods whose use is known, of the containers that are known"
