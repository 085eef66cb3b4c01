"""The client against the reference registry: every form, passwords, tokens, its own CA, blobs elsewhere."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from certs.files import CA_CERT, TLS_CERT, TLS_KEY
from tests.e2e.images.forms import FORMS
from tests.e2e.images.registry import HTPASSWD, PASSWORD, USER, Distribution, basic, crane
from tests.images.registry.fake_registry import (
    MANIFEST,
    FakeRegistry,
    Reply,
    Request,
    digest_of,
    encoded,
    fake_registry,
    trust,
)
from webhook.images.reference import Reference, parse_reference
from webhook.images.registry import repository
from webhook.images.registry.client import Registry
from webhook.images.registry.credentials import Credentials, parse_docker_config
from webhook.images.registry.image import RegistryError
from webhook.images.registry.manifests import ACCEPT

_SERVICE, _ISSUER = "registry", "the token server"


def _client(certificates: Path, host: str = "", **more: Any) -> Registry:
    """With the user's password, if there is a host to send it to."""
    auths = {host: {"username": USER, "password": PASSWORD}} if host else {}
    credentials = Credentials([parse_docker_config(encoded({"auths": auths}), "x")])
    hosts = ["localhost", "127.0.0.1"]
    return Registry(credentials=credentials, private_hosts=hosts, tls=trust(certificates), **more)


@pytest.mark.parametrize("name", FORMS)
def test_form(name: str, registry: Distribution, certificates: Path) -> None:
    form = FORMS[name]
    digest = registry.push_form("app", form, name)
    client = _client(certificates)
    image = f"{registry.host}/app:{name}"
    for each in (image, f"{registry.host}/app@{digest}", f"{image}@{digest}"):
        if form.platforms is None:
            with pytest.raises(RegistryError, match=f"^{form.why}$"):
                client.platforms(parse_reference(each))
        else:
            read = client.platforms(parse_reference(each))
            assert (read.digest, read.platforms) == (digest, form.platforms)
    assert crane(certificates, "digest", image) == digest


def test_image_that_crane_makes(registry: Distribution, certificates: Path, tmp_path: Path) -> None:
    """As others push them: layers, and two single images joined to an index."""
    (tmp_path / "layer.tar").write_bytes(b"\0" * 1024)
    images = []
    for architecture in ("amd64", "arm64"):
        image = f"{registry.host}/made:{architecture}"
        crane(certificates, "append", "--new_layer", str(tmp_path / "layer.tar"), "--new_tag", image)
        crane(certificates, "mutate", image, "--set-platform", f"linux/{architecture}", "--tag", image)
        images.append(image)
    whole = f"{registry.host}/made:both"
    crane(certificates, "index", "append", *(f"--manifest={each}" for each in images), "--tag", whole)
    client = _client(certificates)
    assert client.platforms(parse_reference(images[1])).platforms == {"linux/arm64"}
    read = client.platforms(parse_reference(whole))
    assert read.platforms == {"linux/amd64", "linux/arm64"}
    assert read.digest == crane(certificates, "digest", whole)


@pytest.mark.parametrize("image", ["app:none", "none:1", f"app@{digest_of(b'')}"])
def test_image_that_is_not_there(image: str, registry: Distribution, certificates: Path) -> None:
    with pytest.raises(RegistryError, match=f"^404 from {registry.host}$"):
        _client(certificates).platforms(parse_reference(f"{registry.host}/{image}"))


def test_own_authority_has_to_be_known(registry: Distribution) -> None:
    client = Registry(private_hosts=["localhost"])
    with pytest.raises(RegistryError, match=f"^no trust in the certificate of {registry.host}: "):
        client.platforms(parse_reference(f"{registry.host}/app:index"))


def test_this_machine_is_not_asked_unless_allowed(registry: Distribution, certificates: Path) -> None:
    with pytest.raises(RegistryError, match=r"^localhost is at the private address (127\.0\.0\.1|::1)$"):
        Registry(tls=trust(certificates)).platforms(parse_reference(f"{registry.host}/app:index"))


def test_password(certificates: Path, tmp_path: Path) -> None:
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    auth = {"htpasswd": {"realm": "here", "path": str(tmp_path / "htpasswd")}}
    with Distribution(tmp_path, certificates, auth=auth) as registry:
        registry.push_form("app", FORMS["manifest"], "1", basic())
        reference = parse_reference(f"{registry.host}/app:1")
        assert _client(certificates, registry.host).platforms(reference).platforms == {"linux/arm64"}
        for host in ("", "127.0.0.1", f"{registry.host}/other"):
            with pytest.raises(RegistryError, match=f"^401 from {registry.host}$"):
                _client(certificates, host).platforms(reference)


class _Tokens:
    """A server that gives tokens for what it is asked for: to all for `app`, else to the user alone."""

    def __init__(self, certificates: Path) -> None:
        key = load_pem_private_key((certificates / TLS_KEY).read_bytes(), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey)
        self._key = key
        self._certificate = load_pem_x509_certificate((certificates / TLS_CERT).read_bytes())

    def reply(self, request: Request) -> Reply:
        fields = parse_qs(urlsplit(request.path).query)
        kind, name, actions = fields["scope"][0].split(":")
        if name != "app" and request.authorization != basic():
            return Reply(401)
        return Reply(200, encoded({"token": self.token(kind, name, actions), "expires_in": 300}))

    def token(self, kind: str, name: str, actions: str) -> str:
        """See https://distribution.github.io/distribution/spec/auth/jwt."""
        chain = [base64.b64encode(self._certificate.public_bytes(Encoding.DER)).decode()]
        now = int(time.time())
        claims = {
            "iss": _ISSUER, "aud": _SERVICE, "sub": "", "nbf": now - 10, "exp": now + 300,
            "access": [{"type": kind, "name": name, "actions": actions.split(",")}],
        }  # fmt: skip
        signed = ".".join(
            _url(json.dumps(each).encode()) for each in ({"alg": "ES256", "x5c": chain}, claims)
        )
        numbers = decode_dss_signature(self._key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_url(b''.join(number.to_bytes(32) for number in numbers))}"


def _url(text: bytes) -> str:
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@pytest.fixture
def guarded(certificates: Path, tmp_path: Path) -> Iterator[tuple[Distribution, FakeRegistry, _Tokens]]:
    """A registry, the server of its tokens at another host, and how it makes them."""
    tokens = _Tokens(certificates)
    with ExitStack() as stack:
        server = stack.enter_context(fake_registry(certificates, tokens.reply))
        auth = {
            "token": {
                "realm": f"https://127.0.0.1:{server.port}/token", "service": _SERVICE, "issuer": _ISSUER,
                "rootcertbundle": str(certificates / CA_CERT),
            }
        }  # fmt: skip
        yield stack.enter_context(Distribution(tmp_path, certificates, auth=auth)), server, tokens


def test_token(guarded: tuple[Distribution, FakeRegistry, _Tokens], certificates: Path) -> None:
    registry, server, tokens = guarded
    for form in ("index", "manifest"):
        registry.push_form(
            "app", FORMS[form], form, f"Bearer {tokens.token('repository', 'app', 'pull,push')}"
        )
    client = _client(certificates)
    for form in ("index", "manifest"):
        assert (
            client.platforms(parse_reference(f"{registry.host}/app:{form}")).platforms
            == FORMS[form].platforms
        )
    # One for all of a repository.
    assert [each.authorization for each in server.requests] == [None]


def test_token_for_a_password(
    guarded: tuple[Distribution, FakeRegistry, _Tokens], certificates: Path
) -> None:
    registry, server, tokens = guarded
    body = FORMS["manifest"]
    authorization = f"Bearer {tokens.token('repository', 'private', 'pull,push')}"
    for each in (*body.blobs, *body.manifests):
        digest = registry.push("private", each, authorization=authorization)
    reference = parse_reference(f"{registry.host}/private@{digest}")
    assert _client(certificates, registry.host).platforms(reference).platforms == {"linux/arm64"}
    assert [each.authorization for each in server.requests] == [basic()]
    with pytest.raises(RegistryError, match=f"^401 from the token server of {registry.host}$"):
        _client(certificates).platforms(reference)


def test_blobs_elsewhere(certificates: Path, tmp_path: Path) -> None:
    """The store that the registry redirects to gets no password."""
    (tmp_path / "htpasswd").write_text(HTPASSWD)
    storage = tmp_path / "storage"

    def stored(request: Request) -> Reply:
        return Reply(200, (storage / request.path.lstrip("/")).read_bytes())

    with ExitStack() as stack:
        store = stack.enter_context(fake_registry(certificates, stored))
        redirect = {"name": "redirect", "options": {"baseurl": f"https://127.0.0.1:{store.port}"}}
        more = {
            "auth": {"htpasswd": {"realm": "here", "path": str(tmp_path / "htpasswd")}},
            "middleware": {"storage": [redirect]},
        }
        registry = stack.enter_context(Distribution(tmp_path, certificates, **more))
        registry.push_form("app", FORMS["manifest"], "1", basic())
        client = _client(certificates, registry.host)
        read = client.platforms(parse_reference(f"{registry.host}/app:1"))
    assert read.platforms == {"linux/arm64"}
    (request,) = store.requests
    assert (request.authorization, request.path.endswith("/data")) == (None, True)


_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"


@pytest.mark.parametrize(
    ("left_out", "form", "answer"),
    [(_LIST, "docker-list", "linux/amd64"), (MANIFEST, "manifest", "404 from here")],
)
def test_why_all_types_are_accepted(
    left_out: str,
    form: str,
    answer: str,
    registry: Distribution,
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else an image for several platforms looks as if it were for one, or is not there."""
    registry.push_form("app", FORMS[form], form)
    reference = parse_reference(f"{registry.host}/app:{form}")
    assert _answer(_client(certificates), reference) == ", ".join(sorted(FORMS[form].platforms or ()))
    monkeypatch.setattr(
        repository, "ACCEPT", ", ".join(each for each in ACCEPT.split(", ") if each != left_out)
    )
    assert _answer(_client(certificates), reference) == answer


def _answer(client: Registry, reference: Reference) -> str:
    try:
        return ", ".join(sorted(client.platforms(reference).platforms))
    except RegistryError as error:
        return str(error).replace(reference.host, "here")
