"""Which requests tell the platforms of an image, and what is not taken for an answer."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.images.registry.fake_registry import (
    HOSTS,
    INDEX,
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
from webhook.images.registry.client import Registry
from webhook.images.registry.image import ReadImage, RegistryError

_BOTH = index("linux/amd64", "linux/arm64/v8", "unknown/unknown", "windows/amd64")
_ARM, _ARM_CONFIG = image("aarch64")


def _registry(certificates: Path, **more: Any) -> Registry:
    return Registry(private_hosts=HOSTS, tls=trust(certificates), resolve=lambda *_: ["127.0.0.1"], **more)


def _reference(fake: FakeRegistry, wanted: str = "1") -> Reference:
    is_digest = ":" in wanted
    return Reference(fake.host, "app", None if is_digest else wanted, wanted if is_digest else None)


def _read(certificates: Path, tags: dict[str, bytes], *others: bytes) -> ReadImage:
    """Of tag 1."""
    with fake_registry(certificates, Contents(tags, *others).reply) as fake:
        return _registry(certificates).platforms(_reference(fake))


def test_tag_of_an_index(certificates: Path) -> None:
    registry = _registry(certificates)
    with fake_registry(certificates, Contents({"1": _BOTH, "same": _BOTH}).reply) as fake:
        read = registry.platforms(_reference(fake))
        assert read == ReadImage(digest_of(_BOTH), frozenset({"linux/amd64", "linux/arm64"}), "index")
        digest = digest_of(_BOTH)
        assert fake.asked == ["HEAD /v2/app/manifests/1", f"GET /v2/app/manifests/{digest}"]
        fake.requests.clear()
        # Asked once, whatever leads to it.
        for wanted in ("1", "same", digest):
            assert registry.platforms(_reference(fake, wanted)) == read
        assert fake.asked == ["HEAD /v2/app/manifests/1", "HEAD /v2/app/manifests/same"]


def test_each_request_takes_all_four_types(certificates: Path) -> None:
    with fake_registry(certificates, Contents({"1": _BOTH}).reply) as fake:
        _registry(certificates).platforms(_reference(fake))
    for request in fake.requests:
        assert request.headers["Accept"].split(", ") == [
            "application/vnd.oci.image.index.v1+json",
            "application/vnd.docker.distribution.manifest.list.v2+json",
            "application/vnd.oci.image.manifest.v1+json",
            "application/vnd.docker.distribution.manifest.v2+json",
        ]


def test_digest_that_is_known_is_not_asked_for(certificates: Path) -> None:
    digest = digest_of(_BOTH)
    known = {digest: ReadImage(digest, frozenset({"linux/arm64"}), "index")}
    with fake_registry(certificates, Contents({"1": _BOTH, "arm": _ARM}, _ARM_CONFIG).reply) as fake:
        registry = _registry(certificates, known=known)
        assert registry.platforms(_reference(fake, digest)) is known[digest]
        assert registry.platforms(_reference(fake)) is known[digest]
        assert fake.asked == ["HEAD /v2/app/manifests/1"]
        read = registry.platforms(_reference(fake, "arm"))
    assert known[digest_of(_ARM)] is read


def test_single_image_is_told_by_its_configuration(certificates: Path) -> None:
    with fake_registry(certificates, Contents({"1": _ARM}, _ARM_CONFIG).reply) as fake:
        read = _registry(certificates).platforms(_reference(fake))
    assert read == ReadImage(digest_of(_ARM), frozenset({"linux/arm64"}), "configuration")
    assert fake.asked[-1] == f"GET /v2/app/blobs/{digest_of(_ARM_CONFIG)}"


def test_entry_without_platform_is_told_by_its_configuration(certificates: Path) -> None:
    whole = index("linux/amd64", manifests=[{"digest": digest_of(_ARM)}])
    assert _read(certificates, {"1": whole}, _ARM, _ARM_CONFIG) == ReadImage(
        digest_of(whole), frozenset({"linux/arm64"}), "index"
    )


def test_index_within_an_index(certificates: Path) -> None:
    whole = index(manifests=[{"digest": digest_of(_BOTH), "mediaType": INDEX}])
    assert _read(certificates, {"1": whole}, _BOTH).platforms == {"linux/amd64", "linux/arm64"}


def test_artifact_within_an_index_does_not_count(certificates: Path) -> None:
    chart = encoded(
        {"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": digest_of(b"")}}
    )
    whole = index(manifests=[{"digest": digest_of(each)} for each in (chart, _ARM)])
    assert _read(certificates, {"1": whole}, chart, _ARM, _ARM_CONFIG).platforms == {"linux/arm64"}


def test_image_for_windows_alone_has_no_platform_of_linux(certificates: Path) -> None:
    assert _read(certificates, {"1": index("windows/amd64")}).platforms == frozenset()


@pytest.mark.parametrize(
    ("body", "others", "why"),
    [
        (index(), [], "nothing that runs in its index"),
        (index("unknown/unknown"), [], "nothing that runs in its index"),
        (index(manifests=[{"digest": digest_of(_ARM)}]), [_ARM], "404 from "),
        (_ARM, [], "404 from "),
        (_ARM, [encoded({})], "404 from "),
        (encoded({"schemaVersion": 1, "architecture": "amd64"}), [], "schema 1"),
        (encoded({"artifactType": "a/b", "config": {"digest": digest_of(b"")}}), [], "an artifact, not an image"),
    ],
)  # fmt: skip
def test_what_tells_nothing_is_unknown(
    certificates: Path, body: bytes, others: list[bytes], why: str
) -> None:
    with pytest.raises(RegistryError, match=why):
        _read(certificates, {"1": body}, *others)


def test_index_that_holds_itself(certificates: Path) -> None:
    """Digests do not allow it; a registry that goes by none of them may send it."""

    def reply(_: Request) -> Reply:
        deep = index(manifests=[{"digest": digest_of(b"")}])
        return Reply(200, deep, {"Docker-Content-Digest": digest_of(deep)})

    with (
        fake_registry(certificates, reply) as fake,
        pytest.raises(RegistryError, match="content of another digest"),
    ):
        _registry(certificates).platforms(_reference(fake))
    assert len(fake.requests) == 3


def test_index_that_would_use_up_the_limit(certificates: Path) -> None:
    children = [image("arm64", number=str(number)) for number in range(20)]
    whole = index(manifests=[{"digest": digest_of(manifest)} for manifest, _ in children])
    contents = Contents({"1": whole}, *(body for pair in children for body in pair))
    with fake_registry(certificates, contents.reply) as fake:
        with pytest.raises(RegistryError, match="an index of too many manifests without platforms"):
            _registry(certificates).platforms(_reference(fake))
        assert sum("manifests/sha256" in each for each in fake.asked) == 13


def test_deep_index(certificates: Path) -> None:
    bodies = [_BOTH]
    for _ in range(3):
        bodies.append(index(manifests=[{"digest": digest_of(bodies[-1]), "mediaType": INDEX}]))
    with pytest.raises(RegistryError, match="too many manifests"):
        _read(certificates, {"1": bodies[-1]}, *bodies)
    assert _read(certificates, {"1": bodies[2]}, *bodies).platforms == {"linux/amd64", "linux/arm64"}


@pytest.mark.parametrize("header", [{}, {"Docker-Content-Digest": "x"}, {"Docker-Content-Digest": "md5:00"}])
def test_registry_that_does_not_say_the_digest(certificates: Path, header: dict[str, str]) -> None:
    with fake_registry(certificates, lambda _: Reply(200, _BOTH, header)) as fake:
        read = _registry(certificates).platforms(_reference(fake))
    assert read.digest == digest_of(_BOTH)
    assert fake.asked == ["HEAD /v2/app/manifests/1", "GET /v2/app/manifests/1"]


@pytest.mark.parametrize("status", [405, 501])
def test_registry_without_head(certificates: Path, status: int) -> None:
    contents = Contents({"1": _BOTH})

    def reply(request: Request) -> Reply:
        return Reply(status) if request.method == "HEAD" else contents.reply(request)

    with fake_registry(certificates, reply) as fake:
        assert _registry(certificates).platforms(_reference(fake)).digest == digest_of(_BOTH)


def test_type_of_the_answer_is_wrong(certificates: Path) -> None:
    headers = {"Content-Type": "text/html"}
    with fake_registry(certificates, lambda _: Reply(200, _BOTH, headers)) as fake:
        assert len(_registry(certificates).platforms(_reference(fake)).platforms) == 2
        fake.reply = lambda _: Reply(200, b"<html>Sign in</html>", headers)
        with pytest.raises(RegistryError, match="not understood"):
            _registry(certificates).platforms(_reference(fake))


@pytest.mark.parametrize("asks", ["tag", "digest", "blob"])
def test_content_of_another_digest(certificates: Path, asks: str) -> None:
    contents = Contents({"1": _ARM}, _ARM_CONFIG)

    def reply(request: Request) -> Reply:
        given = contents.reply(request)
        kind = "blob" if "/blobs/" in request.path else "digest"
        is_changed = request.method == "GET" and asks in {kind, "tag"}
        return given._replace(body=given.body + b" ") if is_changed else given

    with fake_registry(certificates, reply) as fake:
        wanted = digest_of(_ARM) if asks == "digest" else "1"
        with pytest.raises(RegistryError, match=f"content of another digest from {fake.host}"):
            _registry(certificates).platforms(_reference(fake, wanted))


@pytest.mark.parametrize("status", [401, 403, 404, 429, 500])
def test_refusal(certificates: Path, status: int) -> None:
    with fake_registry(certificates, lambda _: Reply(status)) as fake:
        for wanted in ("1", digest_of(_BOTH)):
            with pytest.raises(RegistryError, match=f"^{status} from {fake.host}$"):
                _registry(certificates).platforms(_reference(fake, wanted))


def test_failure_is_not_remembered(certificates: Path) -> None:
    registry = _registry(certificates)
    with fake_registry(certificates, lambda _: Reply(500)) as fake:
        with pytest.raises(RegistryError):
            registry.platforms(_reference(fake))
        fake.reply = Contents({"1": _BOTH}).reply
        assert registry.platforms(_reference(fake)).digest == digest_of(_BOTH)


def test_sha512(certificates: Path) -> None:
    digest = f"sha512:{hashlib.sha512(_BOTH).hexdigest()}"
    with fake_registry(certificates, lambda _: Reply(200, _BOTH)) as fake:
        assert _registry(certificates).platforms(_reference(fake, digest)).digest == digest
