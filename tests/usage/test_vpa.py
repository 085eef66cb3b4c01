"""Recommendations of VerticalPodAutoscalers."""

from __future__ import annotations

import pytest
from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi
from tests.support.pods import Json
from webhook.usage.measured import ContainerOfPod, Measured, Peak
from webhook.usage.vpa import VpaUsage
from webhook.workloads.workload import Ref

_END = 1_780_876_800.0  # 2026-06-08T00:00:00Z
_NOW = _END + 61
_KEY = ContainerOfPod("VerticalPodAutoscaler web", "app")
_MIB = 1 << 20


def _vpa(*conditions: tuple[str, str], since: str = "2026-06-01T00:00:00Z", **container: object) -> Json:
    recommended = {
        "containerName": "app", "target": {"cpu": "115m", "memory": "230Mi"}, "lowerBound": {"cpu": "25m"}, **container
    }  # fmt: skip
    return {
        "metadata": {"name": "web"},
        "spec": {"targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}},
        "status": {
            "conditions": [
                {"type": name, "status": status, "lastTransitionTime": since} for name, status in conditions
            ],
            "recommendation": {"containerRecommendations": [recommended]},
        },
    }


_SURE = ("RecommendationProvided", "True")


def _list(*items: Json) -> Json:
    return {"metadata": {}, "items": [*items]}


def test_target_without_its_margin_and_how_long_there_is_one(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(_list(_vpa(_SURE, ("LowConfidence", "False"))))
    usage = VpaUsage(api, _NOW).usage("shop")
    assert usage.containers == {
        _KEY: Measured(
            cpu_quantile=100,
            memory_peak=Peak(200 * _MIB * 1000, _END),
            points=7 * 288 + 1,
            first=_END - 7 * 86400,
            last=_END,
        )
    }
    assert usage.owners == {_KEY.pod: Ref("Deployment", "shop", "web")}
    assert usage.problems == usage.notes == ()


@pytest.mark.parametrize(
    ("container", "cpu", "memory"),
    [
        pytest.param({"uncappedTarget": {"cpu": "230m"}}, 200, 200, id="capped"),
        pytest.param({"target": {"cpu": "115m"}}, 100, None, id="one resource"),
        pytest.param({"target": {"cpu": "0", "memory": "much"}}, None, None, id="no amounts"),
        pytest.param({"target": None}, None, None, id="nothing"),
    ],
)
def test_amounts(
    fake_cluster: tuple[FakeApi, ApiClient], container: Json, cpu: int | None, memory: int | None
) -> None:
    fake, api = fake_cluster
    fake.respond(_list(_vpa(_SURE, **container)))
    (measured,) = VpaUsage(api, _NOW).usage("shop").containers.values()
    assert measured.cpu_quantile == cpu
    assert (measured.memory_peak and measured.memory_peak.value) == (memory and memory * _MIB * 1000)


@pytest.mark.parametrize(
    ("since", "days"),
    [
        pytest.param("2026-06-06T00:00:00Z", 2, id="short"),
        pytest.param("2025-06-06T00:00:00Z", 8, id="no longer than its histograms"),
        pytest.param("2026-06-09T00:00:00Z", 0, id="a clock that is ahead"),
    ],
)
def test_days(fake_cluster: tuple[FakeApi, ApiClient], since: str, days: int) -> None:
    fake, api = fake_cluster
    fake.respond(_list(_vpa(_SURE, since=since)))
    (measured,) = VpaUsage(api, _NOW).usage("shop").containers.values()
    assert (measured.last - measured.first) / 86400 == days


@pytest.mark.parametrize(
    ("conditions", "why"),
    [
        pytest.param([], "no RecommendationProvided", id="no conditions"),
        pytest.param([("RecommendationProvided", "False")], "no RecommendationProvided", id="none yet"),
        pytest.param([_SURE, ("LowConfidence", "True")], "LowConfidence", id="too little"),
        pytest.param([_SURE, ("NoPodsMatched", "True")], "NoPodsMatched", id="no Pods"),
        pytest.param([_SURE, ("FetchingHistory", "True")], "FetchingHistory", id="history"),
        pytest.param([_SURE, ("ConfigUnsupported", "True")], "ConfigUnsupported", id="configuration"),
    ],
)
def test_unsure_ones_are_not_used(
    fake_cluster: tuple[FakeApi, ApiClient], conditions: list[tuple[str, str]], why: str
) -> None:
    fake, api = fake_cluster
    fake.respond(_list(_vpa(*conditions)))
    usage = VpaUsage(api, _NOW).usage("shop")
    assert usage.containers == {}
    assert usage.owners == {}
    assert [str(each) for each in usage.notes] == [f"unsure-vpa: VerticalPodAutoscaler web: {why}"]


def test_none_is_a_problem(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(_list())
    assert [each.reason for each in VpaUsage(api, _NOW).usage("shop").problems] == ["no-vpa"]
    fake.respond({"message": "no such kind"}, status=404)
    assert [each.reason for each in VpaUsage(api, _NOW).usage("shop").problems] == ["no-vpa"]


def test_new_one_has_no_status(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    new = _vpa()
    del new["status"]
    fake.respond(_list(new))
    usage = VpaUsage(api, _NOW).usage("shop")
    assert usage.containers == {}
    assert [each.reason for each in usage.notes] == ["unsure-vpa"]
