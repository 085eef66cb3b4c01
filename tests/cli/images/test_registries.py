"""`podtailor images` asks a registry, for what is not known and as it was told to."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from kubernetes.client import ApiClient

from certs.files import CA_CERT
from tests.cli.conftest import Done, Run
from tests.cli.images.test_command import FUTURE
from tests.cluster.fake_api import FakeApi
from tests.images.registry.fake_registry import (
    Contents,
    FakeRegistry,
    Reply,
    Request,
    fake_registry,
    image,
    index,
)
from tests.images.test_evidence import read
from tests.support.pods import Json
from webhook.images.cache import read_cache, write_cache
from webhook.model.image_platforms import ARM64

_ONE, _CONFIG = image("amd64")
_BOTH = index("linux/amd64", "linux/arm64")


class Asked(NamedTuple):
    fake: FakeRegistry
    host: str
    run: Callable[..., Done]
    cache: Path


@pytest.fixture
def shop(certificates: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    """A Pod with two images of a registry on loopback: `app:both` and `app:one`."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / CA_CERT))
    with fake_registry(certificates, Contents({"both": _BOTH, "one": _ONE}, _CONFIG).reply) as fake:
        host = f"127.0.0.1:{fake.port}"
        containers = [{"name": tag, "image": f"{host}/app:{tag}"} for tag in ("both", "one")]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "a"},
            "spec": {"containers": containers},
        }
        (tmp_path / "pod.json").write_text(json.dumps(pod))

        def images(*flags: str) -> Done:
            return run("images", "-f", str(tmp_path / "pod.json"), *flags)

        yield Asked(fake, host, images, tmp_path / "images.jsonl")


def test_files_are_asked_about(shop: Asked) -> None:
    done = shop.run("--allow-private-addresses", "127.0.0.1")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        "0 of 1 owner would run on ARM64; 1 stopped by one container: app (1).",
        f"{'IMAGE':<{len(shop.host) + 9}}  LEVEL  BY                          USED BY",
        f"{shop.host}/app:one   no     configuration: linux/amd64  pod/a",
        f"{shop.host}/app:both  says   index                       pod/a",
    ]


def test_what_is_known_is_not_asked_for_again(shop: Asked) -> None:
    flags = ("--allow-private-addresses", shop.host, "--cache", str(shop.cache))
    first = shop.run(*flags)
    asked = len(shop.fake.requests)
    assert asked == 5  # for both HEAD and GET, and the configuration of one
    assert shop.run(*flags).out == first.out
    assert len(shop.fake.requests) == asked
    assert shop.run(*flags, "--ask", "all").out == first.out
    assert [each.method for each in shop.fake.requests[asked:]] == ["HEAD", "HEAD"]


def test_never_asks_nothing(shop: Asked) -> None:
    assert shop.run("--ask", "never").out.startswith("0 of 1 owner would run on ARM64; 1 unknown.\n")
    assert shop.fake.requests == []


def test_a_private_address_is_asked_only_by_name(shop: Asked) -> None:
    done = shop.run("--cache", str(shop.cache), "--fail-on", "no")
    assert done.code == 0
    assert shop.fake.requests == []
    why = {each.source for each in read_cache(str(shop.cache))}
    assert why == {"127.0.0.1 is at the private address 127.0.0.1"}
    assert shop.run("--fail-on", "unknown").code == 1


def test_a_mirror_is_asked_instead(shop: Asked, tmp_path: Path) -> None:
    pod = (tmp_path / "pod.json").read_text().replace(shop.host, "nowhere.test")
    (tmp_path / "pod.json").write_text(pod)
    done = shop.run("--map", f"nowhere.test={shop.host}", "--allow-private-addresses", "127.0.0.1")
    assert "nowhere.test/app:one   no     configuration: linux/amd64  pod/a" in done.out


BASIC = f"Basic {b64encode(b'me:word').decode()}"


def _only_for(authorization: str, reply: Callable[[Request], Reply]) -> Callable[[Request], Reply]:
    def refuse(request: Request) -> Reply:
        refused = Reply(401, headers={"WWW-Authenticate": 'Basic realm="r"'})
        return reply(request) if request.authorization == authorization else refused

    return refuse


def test_credentials_of_a_file(shop: Asked, tmp_path: Path) -> None:
    shop.fake.reply = _only_for(BASIC, shop.fake.reply)
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"auths": {shop.host: {"username": "me", "password": "word"}}}))
    flags = ("--allow-private-addresses", "127.0.0.1")
    assert f"unknown  401 from {shop.host}  pod/a" in shop.run(*flags).out
    assert "1 stopped by one container" in shop.run(*flags, "--registry-config", str(file)).out


def test_credentials_of_pull_secrets(
    shop: Asked, fake_cluster: tuple[FakeApi, ApiClient], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the one that a Pod with an image to ask for names is read."""
    shop.fake.reply = _only_for(BASIC, shop.fake.reply)
    fake, api = fake_cluster
    monkeypatch.setattr("webhook.cli.images.cluster.api_client", lambda *_, **__: api)
    monkeypatch.setattr("webhook.cli.images.cluster.namespace_or_current", lambda *_: "shop")
    auths = {"auths": {shop.host: {"username": "me", "password": "word"}}}
    pods = [
        _pod("a", f"{shop.host}/app:one", "pull"),
        _pod("b", "known.test/app:1", "other"),
        _pod("c", f"{shop.host}/app:one", ""),
    ]
    fake.every_list = {"metadata": {}, "items": []}
    fake.lists = {
        "version": {"major": "1", "minor": "34"},
        "pods": {"metadata": {}, "items": pods},
        "pull": {"data": {".dockerconfigjson": b64encode(json.dumps(auths).encode()).decode()}},
    }
    write_cache(str(shop.cache), [read(ARM64, ref="known.test/app:1", seen=FUTURE)])
    paths: list[str] = []
    real = fake.take

    def take(request: Json, path: str = "") -> tuple[int, str]:
        paths.append(path)
        return real(request, path)

    monkeypatch.setattr(fake, "take", take)
    flags = ("--ask", "missing", "--allow-private-addresses", "127.0.0.1", "--cache", str(shop.cache))
    first = run("images", *flags)
    assert f"401 from {shop.host}" in first.out
    assert [each for each in paths if "secrets" in each] == []
    done = run("images", *flags, "--pull-secrets")
    assert (done.code, done.err) == (0, "")
    assert f"{shop.host}/app:one  no     configuration: linux/amd64  2 owners" in done.out
    assert [each for each in paths if "secrets" in each] == ["/api/v1/namespaces/shop/secrets/pull"]
    assert {each.authorization for each in shop.fake.requests} == {None, BASIC}


def _pod(name: str, image: str, secret: str) -> Json:
    spec = {"containers": [{"name": "app", "image": image}], "imagePullSecrets": [{"name": secret}]}
    return {"metadata": {"name": name, "namespace": "shop", "uid": name}, "spec": spec}


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--map", "docker.io"], "--map docker.io: write it like docker.io=mirror.example.com/hub"),
        (["--map", "a=https://b"], "--map a=https://b: write it like docker.io=mirror.example.com/hub"),
        (["--ask", "never", "--map", "a=b"], "--map is for registries, and none is asked: add --ask missing"),
        (
            ["--ask", "never", "--allow-private-addresses", "a"],
            "--allow-private-addresses is for registries, and none is asked: add --ask missing",
        ),
        (["--pull-secrets"], "--pull-secrets are those of a cluster: give --registry-config, or omit -f"),
        (["--registry-config", "nowhere.json"], "nowhere.json: No such file or directory [unreadable-file]"),
        (["--registry-config", "README.md"], "error: README.md: "),
        (["--ask", "some"], "--ask some: write never, missing or all"),
    ],
)
def test_wrong_calls(shop: Asked, flags: list[str], message: str) -> None:
    done = shop.run(*flags)
    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert shop.fake.requests == []
