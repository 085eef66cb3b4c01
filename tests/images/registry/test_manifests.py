"""Documents as registries send them, and what is missing in them in the wild."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.images.registry.fake_registry import CONFIG, INDEX, MANIFEST, encoded, image, index
from tests.support.examples import examples
from webhook.images.registry.image import RegistryError
from webhook.images.registry.manifests import (
    ArtifactError,
    Index,
    Manifest,
    platform_name,
    read_configuration,
    read_manifest,
)

_SHA = "sha256:" + "a" * 64
_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_SCHEMA_2 = "application/vnd.docker.distribution.manifest.v2+json"
_ARM64 = {"digest": _SHA, "platform": {"os": "linux", "architecture": "arm64"}}


def _platforms(document: Any, content_type: str = "") -> list[str | None]:
    read = read_manifest(encoded(document), content_type)
    assert isinstance(read, Index)
    return [each.platform for each in read.entries]


@pytest.mark.parametrize(
    ("document", "content_type"),
    [
        ({"mediaType": INDEX}, INDEX),
        ({"mediaType": _LIST}, "text/html"),
        ({"mediaType": INDEX}, MANIFEST),
        ({}, f"{_LIST}; charset=utf-8"),
        ({}, "application/json"),
        ({}, ""),
    ],
)
def test_index_is_known_by_its_type_or_its_fields(document: Any, content_type: str) -> None:
    assert _platforms({**document, "manifests": [_ARM64]}, content_type) == ["linux/arm64"]


@pytest.mark.parametrize(
    ("media_type", "content_type"), [(MANIFEST, ""), (_SCHEMA_2, INDEX), (None, MANIFEST), (None, "")]
)
@pytest.mark.parametrize(
    "config", [CONFIG, "application/vnd.docker.container.image.v1+json", "application/octet-stream"]
)
def test_manifest_is_known_by_its_type_or_its_fields(
    media_type: str | None, content_type: str, config: str
) -> None:
    document = {
        "mediaType": media_type,
        "config": {"mediaType": config, "digest": _SHA},
        "layers": [{"digest": "x"}],
    }
    assert read_manifest(encoded(document), content_type) == Manifest(_SHA)


@pytest.mark.parametrize(
    "entry",
    [
        {"platform": {"os": "unknown", "architecture": "unknown"}},
        {
            "annotations": {"vnd.docker.reference.type": "attestation-manifest"},
            "platform": {"os": "linux", "architecture": "arm64"},
        },
        {"artifactType": "application/vnd.example.sbom"},
        {"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip"},
    ],
)
def test_entry_that_is_no_image_is_left_out(entry: Any) -> None:
    assert _platforms({"manifests": [{"digest": _SHA, **entry}]}) == []


def test_artifact_type_of_an_image() -> None:
    """As crane writes it into an index."""
    assert _platforms({"manifests": [{**_ARM64, "artifactType": CONFIG}]}) == ["linux/arm64"]
    document = {"artifactType": CONFIG, "config": {"mediaType": CONFIG, "digest": _SHA}}
    assert read_manifest(encoded(document), "") == Manifest(_SHA)


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"platform": None},
        {"platform": {}},
        {"platform": {"os": "linux"}},
        {"platform": {"architecture": "arm64"}},
        {"mediaType": INDEX, "platform": {"os": "linux", "architecture": "arm64"}},
    ],
)
def test_entry_has_to_be_read_where_nothing_names_its_platform(entry: Any) -> None:
    assert _platforms({"manifests": [{"digest": _SHA, **entry}]}) == [None]


@pytest.mark.parametrize(
    ("document", "content_type", "why"),
    [
        ({"schemaVersion": 1, "architecture": "arm64", "fsLayers": []}, "", "schema 1"),
        ({}, "application/vnd.docker.distribution.manifest.v1+prettyjws", "schema 1"),
        ({"manifests": [_ARM64], "config": {"digest": _SHA}}, INDEX, "both an index and a manifest"),
        ({"manifests": [_ARM64], "layers": [{}]}, "", "both an index and a manifest"),
        ({"manifests": [{"digest": "../../other/manifests/1"}]}, INDEX, "not understood"),
        ({"manifests": [{"digest": f"{_SHA}\n"}]}, INDEX, "not understood"),
        ({"manifests": {}}, INDEX, "not understood"),
        ({"manifests": [_ARM64]}, MANIFEST, "neither"),
        ({"config": {"digest": _SHA}}, INDEX, "neither"),
        ({}, "", "neither"),
        ([], INDEX, "not understood"),
    ],
)
def test_document_that_tells_nothing(document: Any, content_type: str, why: str) -> None:
    with pytest.raises(RegistryError, match=why):
        read_manifest(encoded(document), content_type)


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000])
def test_body_that_is_no_json(body: bytes) -> None:
    with pytest.raises(RegistryError, match="not understood"):
        read_manifest(body, INDEX)


@pytest.mark.parametrize(
    "document",
    [
        {"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": _SHA}},
        {"artifactType": "application/vnd.example", "config": {"mediaType": CONFIG, "digest": _SHA}},
        {"artifactType": "application/vnd.example", "manifests": []},
        {"mediaType": "application/vnd.oci.artifact.manifest.v1+json"},
        {"config": {"digest": _SHA}},
    ],
)
def test_artifact(document: Any) -> None:
    with pytest.raises(ArtifactError):
        read_manifest(encoded(document), "")


@pytest.mark.parametrize(
    ("os", "architecture", "variant", "expected"),
    [
        ("linux", "arm64", "", "linux/arm64"),
        ("linux", "arm64", "v8", "linux/arm64"),
        ("Linux", "AARCH64", "8", "linux/arm64"),
        ("linux", "arm64", "v9", "linux/arm64/v9"),
        ("linux", "arm", "v7", "linux/arm"),
        ("linux", "x86_64", "", "linux/amd64"),
        ("linux", "amd64", "v3", "linux/amd64"),
        ("windows", "amd64", "", "windows/amd64"),
    ],
)
def test_platform_name(os: str, architecture: str, variant: str, expected: str) -> None:
    assert platform_name(os, architecture, variant) == expected
    _, config = image(architecture, os, variant=variant)
    assert read_configuration(config) == expected
    assert _platforms_of(index(f"{os}/{architecture}/{variant}")) == [expected]


def _platforms_of(body: bytes) -> list[str | None]:
    read = read_manifest(body, "")
    assert isinstance(read, Index)
    return [each.platform for each in read.entries]


_NAMES = [
    "mediaType",
    "schemaVersion",
    "artifactType",
    "manifests",
    "config",
    "layers",
    "platform",
    "digest",
    "os",
]
_VALUES = st.recursive(
    st.sampled_from([None, 1, 2, "", "linux", "arm64", "unknown", _SHA, INDEX, MANIFEST, CONFIG]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*_NAMES, "architecture"]), inner)
    ),
)


@examples(50)
@given(_VALUES, st.sampled_from(["", INDEX, MANIFEST, "text/html"]))
def test_no_document_ends_in_another_error(document: Any, content_type: str) -> None:
    for read in (lambda body: read_manifest(body, content_type), read_configuration):
        with suppress(RegistryError):
            read(encoded(document))


@pytest.mark.parametrize("config", [{}, {"os": "linux"}, {"architecture": "arm64", "os": ""}])
def test_configuration_without_platform(config: Any) -> None:
    with pytest.raises(RegistryError, match="no platform in its configuration"):
        read_configuration(encoded(config))
