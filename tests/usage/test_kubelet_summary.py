"""What containers use, by the Summary API of their kubelet."""

from __future__ import annotations

import pytest
from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi
from tests.support.pods import Json
from webhook.errors import ClusterError
from webhook.usage import kubelet_summary as module
from webhook.usage.kubelet_summary import kubelet_summary
from webhook.usage.measured import ContainerUsage


def _summary(*containers: Json) -> Json:
    """As of a kubelet 1.37, cut to what is read, with some of what is not."""
    pod = {"podRef": {"name": "web", "namespace": "shop", "uid": "u"}, "containers": [*containers]}
    return {"node": {"nodeName": "n"}, "pods": [pod]}


def test_memory_is_with_page_cache(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    memory = {"time": "2026-01-01T00:00:00Z", "usageBytes": 5000, "workingSetBytes": 3000, "rssBytes": 1}
    app = {"name": "app", "cpu": {"usageNanoCores": 180_999_999}, "memory": memory}
    fake.respond(_summary(app, {"name": "no-cpu", "memory": {"workingSetBytes": 3000}}))
    assert kubelet_summary(api, "a/b") == {
        "u": {
            "app": ContainerUsage(cpu=180, memory=5_000_000),
            "no-cpu": ContainerUsage(cpu=0, memory=3_000_000),
        }
    }
    assert fake.requests == [{"only_cpu_and_memory": "true"}]


@pytest.mark.parametrize(
    "container",
    [
        pytest.param({"name": "app"}, id="no stats"),
        pytest.param({"name": "app", "memory": {}}, id="no memory"),
        pytest.param({"name": "app", "memory": {"usageBytes": 0}}, id="none used"),
    ],
)
def test_container_that_has_just_started_is_left_out(
    fake_cluster: tuple[FakeApi, ApiClient], container: Json
) -> None:
    fake, api = fake_cluster
    fake.respond(_summary(container))
    assert kubelet_summary(api, "n") == {"u": {}}


def test_kubelet_without_pods(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(
        {"node": {}, "pods": []}, {"node": {}, "pods": [{**_summary()["pods"][0], "containers": None}]}
    )
    assert kubelet_summary(api, "n") == {}
    assert kubelet_summary(api, "n") == {"u": {}}


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(403, id="the caller may not ask"),
        pytest.param(404, id="no such Node, or a virtual kubelet"),
        pytest.param(500, id="the kubelet fails"),
        pytest.param(503, id="the API server does not reach it"),
    ],
)
def test_unknown(fake_cluster: tuple[FakeApi, ApiClient], status: int) -> None:
    fake, api = fake_cluster
    fake.respond({"message": "no"}, status=status)
    assert kubelet_summary(api, "n") is None


def test_kubelet_that_does_not_answer_is_unknown(
    fake_cluster: tuple[FakeApi, ApiClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, api = fake_cluster
    monkeypatch.setattr(module, "_SECONDS", 0.05)
    assert kubelet_summary(api, "n") is None
    fake.wait_for(1)


def test_other_errors_are_errors(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond({"message": "log in"}, status=401)
    with pytest.raises(ClusterError, match=r"usage on Node n: 401 log in"):
        kubelet_summary(api, "n")
