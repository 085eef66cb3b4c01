"""Passwords and tokens, and that they go nowhere else: all that the fake registry was sent is in its log."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.images.registry.fake_registry import (
    ELSEWHERE,
    HOST,
    HOSTS,
    TOKENS,
    Contents,
    FakeRegistry,
    Reply,
    Request,
    digest_of,
    encoded,
    fake_registry,
    image,
    index,
    trust,
)
from webhook.images.reference import Reference
from webhook.images.registry.auth import Authenticator, challenges
from webhook.images.registry.client import Registry
from webhook.images.registry.credentials import Credentials, parse_docker_config
from webhook.images.registry.image import RegistryError
from webhook.images.registry.transport import Transport

_IMAGE = index("linux/arm64")
_CONTENTS = Contents({"1": _IMAGE})


def _basic(user: str, password: str = "secret") -> str:  # noqa: S107 - of a test
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"


def _credentials(fake: FakeRegistry, *users: str, key: str = "", **more: str) -> Credentials:
    """One entry each, all for the fake registry, tried in this order."""
    given = []
    for user in users:
        auth = {"username": user, "password": "secret", **more}
        given.append(parse_docker_config(encoded({"auths": {key or fake.host: auth}}), "x"))
    return Credentials(given)


def _registry(certificates: Path, credentials: Credentials | None = None) -> Registry:
    return Registry(
        credentials=credentials,
        private_hosts=HOSTS,
        tls=trust(certificates),
        resolve=lambda *_: ["127.0.0.1"],
    )


def _reference(fake: FakeRegistry, path: str = "app") -> Reference:
    return Reference(fake.host, path, "1", None)


def _failure(registry: Registry, fake: FakeRegistry) -> str:
    with pytest.raises(RegistryError) as raised:
        registry.platforms(_reference(fake))
    return str(raised.value)


def _sent(fake: FakeRegistry) -> list[tuple[str, str | None]]:
    """Where which credentials went."""
    return [(each.host, each.authorization) for each in fake.requests]


def _basic_registry(*accepted: str) -> Callable[[Request], Reply]:
    def reply(request: Request) -> Reply:
        if request.authorization in [_basic(each) for each in accepted]:
            return _CONTENTS.reply(request)
        return Reply(401, b"", {"WWW-Authenticate": 'Basic realm="here"'})

    return reply


def _token_registry(
    realm: Callable[[], str], token: Callable[[Request], Reply], accepted: str = "Bearer good"
) -> Callable[[Request], Reply]:
    """`token`: what the server answers that gives tokens, at the host TOKENS."""

    def reply(request: Request) -> Reply:
        if request.host == TOKENS or request.path.startswith("/token"):
            return token(request)
        if request.authorization == accepted:
            return _CONTENTS.reply(request)
        asked = f'Bearer realm="{realm()}",service="the, service",scope="repository:app:pull,push"'
        return Reply(401, b"", {"WWW-Authenticate": asked})

    return reply


def _good(_: Request) -> Reply:
    return Reply(200, encoded({"token": "good"}))


def test_basic(certificates: Path) -> None:
    with fake_registry(certificates, _basic_registry("me")) as fake:
        registry = _registry(certificates, _credentials(fake, "me"))
        assert registry.platforms(_reference(fake)).platforms == {"linux/arm64"}
        # Without them first: a registry that asks for nothing gets nothing.
        assert _sent(fake) == [(HOST, None), (HOST, _basic("me")), (HOST, _basic("me"))]
        assert _failure(_registry(certificates), fake) == f"401 from {fake.host}"


def test_registry_that_asks_for_nothing_gets_no_credentials(certificates: Path) -> None:
    with fake_registry(certificates, _CONTENTS.reply) as fake:
        _registry(certificates, _credentials(fake, "me")).platforms(_reference(fake))
    assert {each.authorization for each in fake.requests} == {None}


def test_credentials_of_another_host_are_not_sent(certificates: Path) -> None:
    with fake_registry(certificates, _basic_registry("me")) as fake:
        for key in (ELSEWHERE, HOST, f"{ELSEWHERE}:{fake.port}", f"{fake.host}/other"):
            registry = _registry(certificates, _credentials(fake, "me", key=key))
            assert _failure(registry, fake) == f"401 from {fake.host}"
    assert {each.authorization for each in fake.requests} == {None}


def test_all_that_are_meant_are_tried(certificates: Path) -> None:
    with fake_registry(certificates, _basic_registry("third")) as fake:
        registry = _registry(certificates, _credentials(fake, "first", "second", "third"))
        registry.platforms(_reference(fake))
    users = [None, _basic("first"), _basic("second"), _basic("third"), _basic("third")]
    assert [each.authorization for each in fake.requests] == users


@pytest.mark.parametrize("status", [401, 403])
def test_loop_of_refusals_ends(certificates: Path, status: int) -> None:
    def reply(request: Request) -> Reply:
        headers = {"WWW-Authenticate": 'Basic realm="here"'}
        return Reply(status if request.authorization else 401, b"", headers)

    with fake_registry(certificates, reply) as fake:
        failure = _failure(_registry(certificates, _credentials(fake, "me")), fake)
        assert failure == f"{status} from {fake.host}"
    assert len(fake.requests) == 2


def test_loop_of_tokens_ends(certificates: Path) -> None:
    reply = _token_registry(lambda: f"https://{TOKENS}:{fake.port}/token", _good, accepted="never")
    with fake_registry(certificates, reply) as fake:
        assert _failure(_registry(certificates), fake) == f"401 from {fake.host}"
    assert [each.host for each in fake.requests] == [HOST, TOKENS, HOST]


@pytest.mark.parametrize(
    "answer", [{"token": "good"}, {"access_token": "good"}, {"token": "good", "expires_in": 300}]
)
def test_anonymous_token(certificates: Path, answer: dict[str, Any]) -> None:
    reply = _token_registry(
        lambda: f"https://{TOKENS}:{fake.port}/token?x=1", lambda _: Reply(200, encoded(answer))
    )
    with fake_registry(certificates, reply) as fake:
        registry = _registry(certificates)
        registry.platforms(_reference(fake))
        assert _sent(fake) == [(HOST, None), (TOKENS, None), (HOST, "Bearer good"), (HOST, "Bearer good")]
    # What it may do is ours to say.
    assert parse_qs(urlsplit(fake.requests[1].path).query) == {
        "x": ["1"], "service": ["the, service"], "scope": ["repository:app:pull"],
    }  # fmt: skip


def test_token_server_gets_the_credentials_of_its_registry(certificates: Path) -> None:
    reply = _token_registry(lambda: f"https://{TOKENS}:{fake.port}/token", _good)
    with fake_registry(certificates, reply) as fake:
        _registry(certificates, _credentials(fake, "me")).platforms(_reference(fake))
    assert _sent(fake) == [(HOST, None), (TOKENS, _basic("me")), (HOST, "Bearer good"), (HOST, "Bearer good")]


def test_identity_token(certificates: Path) -> None:
    reply = _token_registry(lambda: f"https://{TOKENS}:{fake.port}/token", _good)
    with fake_registry(certificates, reply) as fake:
        credentials = _credentials(fake, "0000", password="", identitytoken="refresh")
        _registry(certificates, credentials).platforms(_reference(fake))
    asked = fake.requests[1]
    assert (asked.host, asked.method, asked.authorization) == (TOKENS, "POST", None)
    assert parse_qs(asked.body.decode()) == {
        "grant_type": ["refresh_token"], "refresh_token": ["refresh"], "client_id": ["podtailor"],
        "service": ["the, service"], "scope": ["repository:app:pull"],
    }  # fmt: skip
    assert all(b"refresh" not in each.body for each in fake.requests if each.host != TOKENS)


def test_identity_token_does_not_follow_a_redirect(certificates: Path) -> None:
    def token(_: Request) -> Reply:
        return Reply(307, b"", {"Location": f"https://{ELSEWHERE}:{fake.port}/token"})

    reply = _token_registry(lambda: f"https://{TOKENS}:{fake.port}/token", token)
    with fake_registry(certificates, reply) as fake:
        credentials = _credentials(fake, "0000", password="", identitytoken="refresh")
        failure = _failure(_registry(certificates, credentials), fake)
        assert failure == f"307 from the token server of {fake.host}"
    assert [each.host for each in fake.requests] == [HOST, TOKENS]


def test_redirect_of_a_token_server_drops_the_credentials(certificates: Path) -> None:
    def token(request: Request) -> Reply:
        if request.host == ELSEWHERE:
            return Reply(401)
        return Reply(307, b"", {"Location": f"https://{ELSEWHERE}:{fake.port}/token"})

    reply = _token_registry(lambda: f"https://{TOKENS}:{fake.port}/token", token)
    with fake_registry(certificates, reply) as fake:
        failure = _failure(_registry(certificates, _credentials(fake, "me")), fake)
        assert failure == f"401 from the token server of {fake.host}"
    assert _sent(fake) == [(HOST, None), (TOKENS, _basic("me")), (ELSEWHERE, None)]


@pytest.mark.parametrize(
    ("realm", "why"),
    [
        (f"http://{TOKENS}/token", f"{TOKENS} would be asked without TLS"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254 would be asked without TLS"),
        ("", "not a URL"),
        ("/token", "not a URL"),
        (f"https://{TOKENS}:x/", "not a URL"),
    ],
)
def test_realm_that_is_not_asked(certificates: Path, realm: str, why: str) -> None:
    with fake_registry(certificates, _token_registry(lambda: realm, _good)) as fake:
        assert _failure(_registry(certificates, _credentials(fake, "me")), fake) == why
    assert _sent(fake) == [(HOST, None)]


def test_realm_at_a_private_address(certificates: Path) -> None:
    def addresses(host: str, _port: int) -> list[str]:
        return ["127.0.0.1"] if host == HOST else ["169.254.169.254"]

    realm = "https://metadata.test/token"
    with fake_registry(certificates, _token_registry(lambda: realm, _good)) as fake:
        registry = Registry(
            credentials=_credentials(fake, "me"),
            private_hosts=[HOST],
            tls=trust(certificates),
            resolve=addresses,
        )
        assert _failure(registry, fake) == "metadata.test is at the private address 169.254.169.254"
    assert _sent(fake) == [(HOST, None)]


@pytest.mark.parametrize("asked", ['Basic realm="x"', 'Bearer realm="https://{host}/token"'])
def test_challenge_of_another_host_is_not_answered(certificates: Path, asked: str) -> None:
    """A registry that redirects, as for blobs, must not lead its credentials to where it redirects."""

    def reply(request: Request) -> Reply:
        if request.host == HOST and request.path.startswith("/v2"):
            return Reply(307, b"", {"Location": f"https://{ELSEWHERE}:{fake.port}/there"})
        return Reply(401, b"", {"WWW-Authenticate": asked.replace("{host}", fake.host)})

    with fake_registry(certificates, reply) as fake:
        failure = _failure(_registry(certificates, _credentials(fake, "me")), fake)
        assert failure == f"401 from {fake.host}"
    assert _sent(fake) == [(HOST, None), (ELSEWHERE, None)]


def test_blobs_elsewhere(certificates: Path) -> None:
    """Object stores refuse requests with two authorizations, and have no business with this one."""
    manifest, config = image("arm64")
    contents = Contents({"1": manifest}, config)

    def reply(request: Request) -> Reply:
        if request.host == ELSEWHERE:
            return Reply(200, config)
        if request.authorization != _basic("me"):
            return Reply(401, b"", {"WWW-Authenticate": "Basic"})
        if "/blobs/" in request.path:
            return Reply(307, b"", {"Location": f"https://{ELSEWHERE}:{fake.port}/store?signature=x"})
        return contents.reply(request)

    with fake_registry(certificates, reply) as fake:
        read = _registry(certificates, _credentials(fake, "me")).platforms(_reference(fake))
    assert read.platforms == {"linux/arm64"}
    assert _sent(fake)[-2:] == [(HOST, _basic("me")), (ELSEWHERE, None)]
    assert digest_of(config) in fake.requests[-2].path


def test_token_of_each_repository(certificates: Path) -> None:
    def token(request: Request) -> Reply:
        scope = parse_qs(urlsplit(request.path).query)["scope"][0]
        return Reply(200, encoded({"token": "good" if scope == "repository:app:pull" else "other"}))

    reply = _token_registry(lambda: f"https://{TOKENS}:{fake.port}/token", token)
    with fake_registry(certificates, reply) as fake:
        registry = _registry(certificates)
        registry.platforms(_reference(fake))
        with pytest.raises(RegistryError, match="401"):
            registry.platforms(_reference(fake, "another"))
    tokens = {each.path.partition("/manifests")[0]: each.authorization for each in fake.requests}
    assert (tokens["/v2/app"], tokens["/v2/another"]) == ("Bearer good", "Bearer other")


@pytest.mark.parametrize(
    ("expires", "after", "tokens"),
    [(None, 49, 1), (None, 51, 2), (300, 289, 1), (300, 291, 2), (1, 0, 2), (0, 49, 1)],
)
def test_token_is_used_until_it_expires(
    certificates: Path, expires: int | None, after: float, tokens: int
) -> None:
    """Some seconds before: the request takes its time."""
    given = Reply(200, encoded({"token": "good", "expires_in": expires}))
    reply = _token_registry(lambda: f"https://{TOKENS}:{fake.port}/token", lambda _: given)
    time = [1000.0]
    with fake_registry(certificates, reply) as fake:
        transport = Transport(private_hosts=HOSTS, tls=trust(certificates), resolve=lambda *_: ["127.0.0.1"])
        authenticator = Authenticator(transport, Credentials(), now=lambda: time[0])
        for _ in range(2):
            answer = authenticator.fetch("GET", fake.host, "app", "manifests/1", {})
            assert answer.body == _IMAGE
            time[0] += after
    assert sum(each.host == TOKENS for each in fake.requests) == tokens


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{}",
        b'{"token": ""}',
        b'{"token": 1}',
        b'{"token": "a b"}',
        b'{"token": "a\\r\\nHost: x"}',
    ],
)
def test_answer_without_a_token(certificates: Path, body: bytes) -> None:
    reply = _token_registry(lambda: f"https://{TOKENS}:{fake.port}/token", lambda _: Reply(200, body))
    with fake_registry(certificates, reply) as fake:
        failure = _failure(_registry(certificates), fake)
        assert failure == f"no token from the token server of {fake.host}"


@pytest.mark.parametrize("status", [401, 403, 429, 500])
def test_token_that_is_refused(certificates: Path, status: int) -> None:
    reply = _token_registry(lambda: f"https://{TOKENS}:{fake.port}/token", lambda _: Reply(status))
    with fake_registry(certificates, reply) as fake:
        failure = _failure(_registry(certificates, _credentials(fake, "me")), fake)
        assert failure == f"{status} from the token server of {fake.host}"


def test_token_is_asked_for_with_the_next_login(certificates: Path) -> None:
    def token(request: Request) -> Reply:
        return _good(request) if request.authorization == _basic("second") else Reply(401)

    reply = _token_registry(lambda: f"https://{TOKENS}:{fake.port}/token", token)
    with fake_registry(certificates, reply) as fake:
        _registry(certificates, _credentials(fake, "first", "second")).platforms(_reference(fake))
    users = [each.authorization for each in fake.requests if each.host == TOKENS]
    assert users == [_basic("first"), _basic("second")]


def test_no_secret_is_in_an_error(certificates: Path) -> None:
    with fake_registry(certificates, _basic_registry()) as fake:
        with pytest.raises(RegistryError) as raised:
            _registry(certificates, _credentials(fake, "me")).platforms(_reference(fake))
        assert "secret" not in json.dumps([str(raised.value), repr(raised.value)])


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], {}),
        (["Basic"], {"basic": {}}),
        (['Basic realm="a b"'], {"basic": {"realm": "a b"}}),
        (['BEARER Realm="https://t/",service=r'], {"bearer": {"realm": "https://t/", "service": "r"}}),
        (['Bearer realm = "a\\"b" , scope=""'], {"bearer": {"realm": 'a"b', "scope": ""}}),
        (['Basic realm="a", Bearer realm="b"'], {"basic": {"realm": "a"}, "bearer": {"realm": "b"}}),
        (['Basic realm="a"', 'Bearer realm="b"'], {"basic": {"realm": "a"}, "bearer": {"realm": "b"}}),
        (['Bearer realm="a"', 'Bearer realm="b"'], {"bearer": {"realm": "a"}}),
        (['Bearer realm="a'], {"bearer": {"realm": ""}, "a": {}}),
        (['realm="a"'], {}),
        (["Negotiate, Basic"], {"negotiate": {}, "basic": {}}),
    ],
)
def test_challenges(headers: list[str], expected: Mapping[str, Mapping[str, str]]) -> None:
    assert challenges(headers) == expected
