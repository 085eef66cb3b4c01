"""Reading Pods and Nodes, also of a cluster of which not all may be read."""

from __future__ import annotations

import pytest
from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi
from tests.support.pods import Json
from webhook.cluster.part import ClusterPart
from webhook.errors import ClusterError
from webhook.images.cluster import running_images

Fake = tuple[FakeApi, ApiClient]
NODE = {"metadata": {"name": "arm-1", "labels": {"kubernetes.io/arch": "arm64", "kubernetes.io/os": "linux"}}}
POD = {
    "metadata": {"name": "a"},
    "spec": {"nodeName": "arm-1", "containers": [{"name": "app", "image": "web:1"}]},
    "status": {"containerStatuses": [{"name": "app", "ready": True}]},
}


def _list(*items: Json, **metadata: str) -> Json:
    return {"metadata": metadata, "items": [*items]}


def test_pods_of_all_pages(fake_cluster: Fake) -> None:
    fake, api = fake_cluster
    other = {**POD, "spec": {"nodeName": "arm-1", "containers": [{"name": "app", "image": "api:1"}]}}
    fake.respond(_list(NODE), _list(POD, **{"continue": "more"}), _list(other))
    found = running_images(api, ClusterPart("shop"), now=7)
    assert [each.ref for each in found] == ["docker.io/library/api:1", "docker.io/library/web:1"]
    nodes, first, second = fake.requests
    assert "fieldSelector" not in nodes
    assert first["fieldSelector"] == "status.phase!=Failed,status.phase!=Pending"
    assert second["continue"] == "more"


def test_without_nodes_no_pod_is_read(fake_cluster: Fake) -> None:
    fake, api = fake_cluster
    fake.respond(_list())
    assert running_images(api, ClusterPart(), now=7) == []
    assert len(fake.requests) == 1


def test_nodes_that_may_not_be_read_are_noted(fake_cluster: Fake) -> None:
    fake, api = fake_cluster
    fake.respond({"message": "no"}, status=403)
    part = ClusterPart(unreadable=[])
    assert running_images(api, part, now=7) == []
    assert part.unreadable == ["you may not read nodes: on which platforms images run is unknown"]


def test_pods_that_may_not_be_read_are_an_error(fake_cluster: Fake) -> None:
    fake, api = fake_cluster
    fake.respond(_list(NODE))
    fake.respond({"message": "no"}, status=403)
    with pytest.raises(ClusterError):
        running_images(api, ClusterPart(unreadable=[]), now=7)
