"""What the owner of the Pods adds: its rollout, and the autoscalers that act on it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.resize.pods import SIZED, facts, named, planned
from webhook.audit.costs.autoscalers import Autoscaler, Metric
from webhook.resize.facts import Allowed, VerticalAutoscaler
from webhook.resize.pod import Pod
from webhook.workloads.workload import Ref

_WEB = Ref("Deployment", "shop", "web")
_TWO = (named("a", "one"), named("b", "two"))
_ALL = frozenset({"cpu", "memory"})
_KEEPS = (
    "hpa: HorizontalPodAutoscaler web scales on cpu in percent of the request: a target of 35 % instead of 70 % "
    "keeps its replicas"
)


def _hpa(resource: str = "cpu", container: str = "", target: int = 70) -> dict[str, Any]:
    metric = Metric(resource=resource, target=target, container=container)
    autoscaler = Autoscaler(Ref("HorizontalPodAutoscaler", "shop", "web"), _WEB, (metric,))
    return {"autoscalers": (autoscaler,)}


def _vpa(**containers: frozenset[str]) -> dict[str, Any]:
    return {"vertical": (VerticalAutoscaler("web", "Recreate", {"*": _ALL, **containers}),)}


@pytest.mark.parametrize(
    ("asked", "about"),
    [
        pytest.param({"cpu": "200m"}, {}, id="leaves an owner without any of them"),
        pytest.param({"cpu": "100m"}, {"rollout": "2 of 3", **_vpa()}, id="leaves Pods that have these values"),
        pytest.param({"cpu": ":400m"}, _hpa(), id="leaves limits to an HPA on requests"),
        pytest.param({"memory": "256Mi"}, _hpa(), id="leaves memory to an HPA on CPU"),
        pytest.param({"cpu": "200m"}, _hpa(container="other"), id="leaves app to an HPA on another container"),
        pytest.param({"cpu": "200m"}, _vpa(app=frozenset()), id="leaves a container that the VPA does not control"),
        pytest.param({"cpu": "200m"}, _vpa(app=frozenset({"memory"})), id="leaves CPU if the VPA controls memory"),
    ],
)  # fmt: skip
def test_leaves(asked: dict[str, Any], about: dict[str, Any]) -> None:
    plan = planned(*_TWO, **asked, facts=facts(**about))
    assert (plan.refusals, plan.warnings) == ((), ())


@pytest.mark.parametrize(
    ("asked", "about", "expected"),
    [
        pytest.param(
            {"cpu": "200m"}, {"rollout": "1 of 2 Pods are new"},
            "rollout: its Pods are being replaced: 1 of 2 Pods are new", id="refuses during a rollout",
        ),
        pytest.param(
            {"cpu": "200m"}, _vpa(),
            "vpa: VerticalPodAutoscaler web (mode Recreate) controls app, and would put its own values back: "
            "change its bounds, or its mode to Off",
            id="refuses what a VPA would put back",
        ),
        pytest.param(
            {"cpu": "200m"}, _vpa(app=frozenset({"cpu"})),
            "vpa: VerticalPodAutoscaler web (mode Recreate) controls app, and would put its own values back: "
            "change its bounds, or its mode to Off",
            id="refuses the resource that a VPA controls",
        ),
        pytest.param(
            {"cpu": "200m"}, _hpa(), f"{_KEEPS}; --with-hpa resizes all the same",
            id="refuses what makes an HPA scale, with the target that keeps its replicas",
        ),
        pytest.param(
            {"cpu": "200m"}, _hpa(container="app"), f"{_KEEPS}; --with-hpa resizes all the same",
            id="refuses that for an HPA on this container",
        ),
        pytest.param(
            {"memory": "64Mi"}, _hpa("memory", target=50),
            "hpa: HorizontalPodAutoscaler web scales on memory in percent of the request: a target of 100 % instead "
            "of 50 % keeps its replicas; --with-hpa resizes all the same",
            id="refuses less, which makes it scale out",
        ),
    ],
)  # fmt: skip
def test_refuses(asked: dict[str, Any], about: dict[str, Any], expected: str) -> None:
    plan = planned(*_TWO, **asked, facts=facts(**about))
    assert [str(each) for each in plan.refusals] == [expected]
    assert plan.is_refused
    assert plan.due == ()


def _warnings(*pods: Pod, cpu: str) -> list[str]:
    plan = planned(*pods, cpu=cpu, facts=facts(**_hpa()), allowed=Allowed(hpa=True))
    assert plan.refusals == ()
    assert plan.due
    return [str(each) for each in plan.warnings]


def test_warns_of_an_hpa_that_is_allowed() -> None:
    assert _warnings(*_TWO, cpu="200m") == [_KEEPS]


def test_target_is_of_all_pods() -> None:
    """One of the two has twice as much already: 300m become 400m."""
    larger = named("c", container=SIZED.replace("cpu: 100m", "cpu: 200m"))
    assert _warnings(_TWO[0], larger, cpu="200m") == [_KEEPS.replace("35 %", "52 %")]


def test_target_is_at_least_one_percent() -> None:
    tiny = named("d", container="resources: {requests: {cpu: 1m}}")
    assert _warnings(tiny, cpu="1") == [_KEEPS.replace("35 %", "1 %")]


def test_hpa_cannot_scale_without_a_request() -> None:
    assert _warnings(named("e"), cpu="0") == [
        "hpa: HorizontalPodAutoscaler web scales on cpu in percent of the request, and cannot scale without one"
    ]


def test_hpa_begins_to_scale_with_the_first_request() -> None:
    without = named("e", container="resources: {requests: {memory: 1Gi}}")
    assert _warnings(without, cpu="200m") == [
        (
            "hpa: HorizontalPodAutoscaler web scales on cpu in percent of the request, and begins to scale once there "
            "is one"
        )
    ]
