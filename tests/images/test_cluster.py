"""Reading Pods and Nodes, also of a cluster of which not all may be read."""

from __future__ import annotations

import json
from base64 import b64encode

import pytest
from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi
from tests.support.pods import Json
from webhook.cluster.part import ClusterPart
from webhook.errors import ClusterError, InputError
from webhook.images.cluster import read_pull_secrets, running_images
from webhook.images.registry.credentials import Credentials, Login

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
    found = running_images(api, ClusterPart("shop"), now=7).evidence
    assert [each.ref for each in found] == ["docker.io/library/api:1", "docker.io/library/web:1"]
    nodes, first, second = fake.requests
    assert "fieldSelector" not in nodes
    assert first["fieldSelector"] == "status.phase!=Failed"
    assert second["continue"] == "more"


def test_nodes_that_may_not_be_read_are_noted(fake_cluster: Fake) -> None:
    fake, api = fake_cluster
    fake.respond({"message": "no"}, status=403)
    fake.respond(_list(POD))
    part = ClusterPart(unreadable=[])
    assert running_images(api, part, now=7).evidence == ()
    assert part.unreadable == ["you may not read nodes: on which platforms images run is unknown"]


def test_pods_that_may_not_be_read_are_an_error(fake_cluster: Fake) -> None:
    fake, api = fake_cluster
    fake.respond(_list(NODE))
    fake.respond({"message": "no"}, status=403)
    with pytest.raises(ClusterError):
        running_images(api, ClusterPart(unreadable=[]), now=7)


def _secret(**data: Json) -> Json:
    return {"data": {key: b64encode(json.dumps(value).encode()).decode() for key, value in data.items()}}


AUTHS = {"r.test": {"username": "me", "password": "word"}}


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({".dockerconfigjson": {"auths": AUTHS}}, id="kubernetes.io/dockerconfigjson"),
        pytest.param({".dockercfg": AUTHS}, id="kubernetes.io/dockercfg"),
        pytest.param({".dockerconfigjson": {"auths": AUTHS, "credsStore": "evil"}}, id="no program of a Secret is run"),
    ],
)  # fmt: skip
def test_secrets_of_both_types(fake_cluster: Fake, data: dict[str, Json]) -> None:
    fake, api = fake_cluster
    fake.respond(_secret(**data))
    configs = read_pull_secrets(api, {("shop", "pull"): frozenset({"r.test/app"})}, ClusterPart(), _raise)
    assert Credentials(configs).logins("r.test", "app") == [Login("me", "word")]
    # For images of the Pods that name it, and no others.
    assert Credentials(configs).logins("r.test", "other") == []
    assert (configs[0].store, configs[0].helpers) == ("", {})


def _raise(error: InputError) -> None:
    raise error


def test_secrets_that_are_missing_forbidden_or_broken_end_nothing(fake_cluster: Fake) -> None:
    fake, api = fake_cluster
    fake.respond({}, status=404)
    fake.respond({}, status=403)
    fake.respond(
        _secret(other={}), _secret(**{".dockercfg": {"r.test": 1}}), _secret(**{".dockercfg": AUTHS})
    )
    part, invalid = ClusterPart(unreadable=[]), list[InputError]()
    named = {("shop", name): frozenset({"r.test/app"}) for name in "abcde"}
    configs = read_pull_secrets(api, named, part, invalid.append)
    assert len(Credentials(configs).logins("r.test", "app")) == 1
    assert part.unreadable == ["you may not read the pull secrets of Pods: private registries may refuse"]
    (error,) = invalid
    assert str(error).startswith("Secret shop/d: ")
