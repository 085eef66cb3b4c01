"""Usage of this moment."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi
from tests.support.pods import Json
from webhook.errors import ClusterError
from webhook.usage.measured import ContainerOfPod, Measured, Peak
from webhook.usage.metrics_api import MetricsApiUsage
from webhook.workloads.workload import Ref

_NOW = 1_780_876_800.0  # 2026-06-08T00:00:00Z


def _pod(name: str = "web", **changed: Any) -> Json:
    containers = [{"name": "app", "usage": {"cpu": "180500000n", "memory": "300Mi"}}]
    return {
        "metadata": {"name": name}, "timestamp": "2026-06-07T23:59:30Z", "window": "15.08s", "containers": containers,
        **changed,
    }  # fmt: skip


def _list(*items: Json) -> Json:
    return {"metadata": {}, "items": [*items]}


_OWNED = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "controller": True}
_PODS = _list({"metadata": {"name": "web", "ownerReferences": [_OWNED]}})


def test_one_moment(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    starting = {"name": "starting", "usage": {"cpu": "0", "memory": "0"}}
    fake.respond(_list(_pod(containers=[*_pod()["containers"], starting, {"name": "none"}])), _PODS)
    usage = MetricsApiUsage(api, _NOW).usage("shop")
    at = _NOW - 30
    assert usage.containers == {
        ContainerOfPod("web", "app"): Measured(
            cpu_quantile=181, cpu_peak=Peak(181, at), memory_peak=Peak(314_572_800_000, at), points=1, first=at, last=at
        )
    }  # fmt: skip
    assert usage.owners == {"web": Ref("StatefulSet", "shop", "web")}
    assert usage.problems == ()
    assert not usage.is_history


@pytest.mark.parametrize(
    ("changed", "is_now"),
    [
        pytest.param({"window": "1m0s"}, True, id="a minute"),
        pytest.param({"timestamp": "2026-06-08T00:00:10Z"}, True, id="a clock that is ahead"),
        pytest.param({"timestamp": "2026-06-08T01:59:00+02:00"}, True, id="another zone"),
        pytest.param({"timestamp": "2026-06-07T23:50:00Z"}, False, id="before a restart"),
        pytest.param({"timestamp": "2026-06-08T00:10:00Z"}, False, id="of the future"),
        pytest.param({"timestamp": None}, False, id="no time"),
        pytest.param({"window": "0s"}, False, id="no window"),
        pytest.param({"window": "1h0m0s"}, False, id="the mean of an hour"),
        pytest.param({"window": "soon"}, False, id="another window"),
        pytest.param({"window": None}, False, id="without a window"),
    ],
)
def test_time_must_be_now(
    fake_cluster: tuple[FakeApi, ApiClient], changed: dict[str, Any], *, is_now: bool
) -> None:
    fake, api = fake_cluster
    fake.respond(_list(_pod(**changed), _pod("other")), _PODS)
    usage = MetricsApiUsage(api, _NOW).usage("shop")
    expected = (2, []) if is_now else (0, ["stale-usage: not of the last five minutes: web"])
    assert (len(usage.containers), [str(each) for each in usage.problems]) == expected


@pytest.mark.parametrize("status", [404, 503])
def test_api_that_is_not_served(fake_cluster: tuple[FakeApi, ApiClient], status: int) -> None:
    fake, api = fake_cluster
    fake.respond({"message": "no"}, status=status)
    with pytest.raises(ClusterError) as raised:
        MetricsApiUsage(api, _NOW).usage("shop")
    assert (raised.value.name, raised.value.status) == ("no-metrics-api", status)
    assert raised.value.hint.startswith("install metrics-server")


def test_nothing_is_a_problem(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(_list())
    assert [each.reason for each in MetricsApiUsage(api, _NOW).usage("shop").problems] == ["no-usage"]


def test_other_refusals_are_errors(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond({"message": "no"}, status=403)
    with pytest.raises(ClusterError) as raised:
        MetricsApiUsage(api, _NOW).usage("shop")
    assert raised.value.status == 403
