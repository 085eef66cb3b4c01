"""`podtailor images` over what an API server has."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from kubernetes.client import ApiClient

from tests.cli.conftest import Done, Run
from tests.cli.images.test_command import FUTURE
from tests.cluster.fake_api import FakeApi
from tests.images.test_evidence import B, ran, read
from tests.support.pods import Json
from webhook.images.cache import as_json, parse_lines, read_cache
from webhook.model.image_platforms import AMD64, ARM64, Level


def _list(*items: Json) -> Json:
    return {"metadata": {}, "items": [*items]}


def _node(name: str, arch: str) -> Json:
    return {"metadata": {"name": name, "labels": {"kubernetes.io/arch": arch, "kubernetes.io/os": "linux"}}}


def _pod(name: str, owner: str, node: str, *images: str, cpu: str = "500m") -> Json:
    containers: list[Json] = [{"name": f"c{index}", "image": image} for index, image in enumerate(images)]
    containers[0]["resources"] = {"requests": {"cpu": cpu}}
    made = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": owner, "uid": owner, "controller": True}
    statuses = [
        {"name": each["name"], "ready": True, "imageID": f"x@sha256:{sha256(each['image'].encode()).hexdigest()}"}
        for each in containers
    ]  # fmt: skip
    return {
        "metadata": {"name": name, "namespace": "shop", "uid": name, "ownerReferences": [made]},
        "spec": {"nodeName": node, "containers": containers},
        "status": {"containerStatuses": statuses},
    }


def _template(name: str, owner: str = "") -> Json:
    made = {"apiVersion": "apps/v1", "kind": "Deployment", "name": owner, "uid": owner, "controller": True}
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "uid": name,
            **({"ownerReferences": [made]} if owner else {}),
        },
        "spec": {"template": {"metadata": {}, "spec": {"containers": [{"name": "c0", "image": "web"}]}}},
    }


SHOP = {
    "namespaces": _list(),
    "version": {"major": "1", "minor": "34"},
    "nodes": _list(_node("arm-1", "arm64"), _node("x-1", "amd64")),
    "deployments": _list(_template("web"), _template("api")),
    "replicasets": _list(_template("web-1", owner="web"), _template("api-1", owner="api")),
    "pods": _list(
        _pod("web-1-a", "web-1", "arm-1", "web"),
        _pod("web-1-b", "web-1", "x-1", "web"),
        _pod("api-1-a", "api-1", "x-1", "web", "proxy:2", cpu="250m"),
    ),
}
Images = Callable[..., Done]


@pytest.fixture
def images(fake_cluster: tuple[FakeApi, ApiClient], run: Run, monkeypatch: pytest.MonkeyPatch) -> Images:
    fake, api = fake_cluster
    fake.every_list = _list()
    fake.lists = {**SHOP}
    monkeypatch.setattr("webhook.cli.images.cluster.api_client", lambda *_, **__: api)
    monkeypatch.setattr("webhook.cli.images.cluster.namespace_or_current", lambda *_: "shop")

    def images(*flags: str, **kinds: Json) -> Done:
        fake.lists |= kinds
        return run("images", *flags)

    return images


def test_what_runs_where(images: Images) -> None:
    done = images()
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "1 of 2 owners would run on ARM64 (1.0 of 1.2 CPUs); 1 unknown.",
        "IMAGE    LEVEL    BY          USED BY",
        "proxy:2  unknown  -           deploy/api (1 Pod) (injected)",
        "web      runs     Node arm-1  2 owners",
    ]


def test_nothing_is_asked_but_the_cluster(images: Images, fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    images("-n", "shop", "-l", "app=web")
    selectors = {each.get("labelSelector") for each in fake_cluster[0].requests}
    assert selectors == {None, "app=web"}
    assert len(fake_cluster[0].requests) < 25


def test_what_is_seen_goes_into_the_file(images: Images, tmp_path: Path) -> None:
    cache = tmp_path / "images.jsonl"
    before = images("--cache", str(cache)).out
    found = read_cache(str(cache))
    assert [each.ref for each in found if each.platforms == {ARM64}] == ["docker.io/library/web:latest"]
    assert {each.level for each in found} == {Level.RUNS}
    # The Node is gone, and what ran there is still known.
    after = images("--cache", str(cache), nodes=_list(_node("x-1", "amd64"))).out
    assert after == before
    assert images(nodes=_list(_node("x-1", "amd64"))).out.startswith("0 of 2 owners")


def test_without_nodes_nothing_is_known_and_said(images: Images, tmp_path: Path) -> None:
    cache = tmp_path / "images.jsonl"
    done = images("--cache", str(cache), nodes=_list())
    assert done.out.startswith("0 of 2 owners would run on ARM64 (0.0 of 1.2 CPUs); 2 unknown.\n")
    assert not cache.exists()


def test_manifests_by_what_runs_in_a_cluster(images: Images, tmp_path: Path) -> None:
    manifest = "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: web}]}}"
    (tmp_path / "a.yaml").write_text(manifest)
    done = images("-f", str(tmp_path / "a.yaml"), "--context", "prod")
    assert done.out.splitlines() == [
        "1 of 1 owner would run on ARM64.",
        "IMAGE  LEVEL  BY          USED BY",
        "web    runs   Node arm-1  pod/a",
    ]


def test_an_owner_that_cannot_be_read_is_named(images: Images) -> None:
    odd = {
        "metadata": {"name": "odd", "namespace": "shop"},
        "spec": {"template": {"spec": {"containers": 1}}},
    }
    done = images(statefulsets=_list(odd))
    assert done.code == 0
    assert "warning: StatefulSet shop/odd could not be judged: " in done.err


def test_what_may_not_be_read_is_said(
    images: Images, fake_cluster: tuple[FakeApi, ApiClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake, _ = fake_cluster
    real = fake.take

    def take(request: Json, path: str = "") -> tuple[int, str]:
        return (403, "{}") if path.endswith(("/nodes", "/namespaces")) else real(request, path)

    monkeypatch.setattr(fake, "take", take)
    done = images()
    assert done.out.startswith("0 of 2 owners")
    assert done.err.splitlines() == [
        "warning: you may not list namespaces: only shop is read [incomplete-view]",
        "warning: you may not read nodes: on which platforms images run is unknown [incomplete-view]",
    ]


def test_snapshot_for_policies_has_what_is_in_use(
    images: Images, fake_cluster: tuple[FakeApi, ApiClient]
) -> None:
    """With what the last run has written; not of images that nobody uses any more."""
    fake, _ = fake_cluster
    last = [
        read(AMD64, ref="docker.io/library/proxy:2", digest=B, seen=FUTURE),
        ran(ref="example.com/gone:1", seen=FUTURE),
    ]
    text = b"".join(map(as_json, last)).decode()
    config_map = {
        "metadata": {"name": "podtailor-image-platforms", "namespace": "podtailor-system"},
        "data": {"x": text},
    }
    fake.respond({})
    done = images("--write-snapshot", configmaps=_list(config_map))
    assert (done.code, done.err) == (0, "")
    assert "1 stopped by one container: proxy (1)" in done.out
    written = fake.requests[-1]
    assert written["path"] == (
        "/api/v1/namespaces/podtailor-system/configmaps/podtailor-image-platforms?fieldManager=podtailor-images"
    )
    assert [*written["data"]] == ["images.jsonl"]
    assert {(each.ref, each.level) for each in parse_lines(written["data"]["images.jsonl"])} == {
        ("docker.io/library/proxy:2", Level.SAYS),
        ("docker.io/library/proxy:2", Level.RUNS),
        ("docker.io/library/web:latest", Level.RUNS),
    }


def test_snapshot_that_cannot_be_read_is_replaced(
    images: Images, fake_cluster: tuple[FakeApi, ApiClient]
) -> None:
    fake, _ = fake_cluster
    fake.respond({})
    config_map = {"metadata": {"name": "podtailor-image-platforms", "namespace": "x"}, "data": {"x": "cut"}}
    done = images("--write-snapshot", configmaps=_list(config_map))
    assert done.code == 0
    assert "warning: what the ConfigMap podtailor-image-platforms has is not used: line 1: " in done.err
    assert fake.requests[-1]["method"] == "PATCH"


def test_snapshot_is_of_a_whole_cluster(images: Images, fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    for flags in (["-n", "shop"], ["-l", "a=b"], ["-f", "examples"]):
        done = images("--write-snapshot", *flags)
        assert (done.code, done.out) == (2, "")
        assert "--write-snapshot is of a whole cluster: omit -f, -n and -l" in done.err
    assert fake_cluster[0].requests == []
