"""Indexes, manifests and configurations of images, as registries send them.

Source: image-spec of the Open Container Initiative, Docker's manifest v2 schema 2, and what is missing in the
wild: `mediaType`, `Content-Type` or `platform`.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from webhook.images.registry.image import RegistryError

_T = TypeVar("_T")

_INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
_MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
ACCEPT = ", ".join((*_INDEXES, *_MANIFESTS))
"""All four: without one of them registries answer 404, or with the linux/amd64 image of an index."""
_CONFIGURATIONS = {
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
    "application/octet-stream",  # Docker before 1.11
}
_SCHEMA_1 = "application/vnd.docker.distribution.manifest.v1"
# It becomes part of a URL.
_Digest = Annotated[str, Meta(pattern=r"^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\Z")]
_ATTESTATION = "vnd.docker.reference.type"


class ArtifactError(RegistryError):
    """A chart, a signature or the like."""

    def __init__(self) -> None:
        super().__init__("an artifact, not an image")


class _Platform(Struct):
    os: str = ""
    architecture: str = ""
    variant: str | None = None

    def name(self) -> str | None:
        """None if it is incomplete."""
        if not self.os or not self.architecture:
            return None
        return platform_name(self.os, self.architecture, self.variant or "")


class _Descriptor(Struct, rename="camel"):
    digest: _Digest
    media_type: str | None = None
    artifact_type: str | None = None
    platform: _Platform | None = None
    annotations: dict[str, Any] | None = None


class _Document(Struct, rename="camel"):
    schema_version: int = 2
    media_type: str | None = None
    artifact_type: str | None = None
    manifests: list[_Descriptor] | None = None
    config: _Descriptor | None = None
    layers: list[Any] | None = None


class Entry(Struct, frozen=True):
    """One image of an index."""

    digest: str
    platform: str | None
    """As `platform_name` writes it; None if what it refers to has to be read."""


class Index(Struct, frozen=True):
    entries: tuple[Entry, ...]
    """Without attestations, signatures and other artifacts."""


class Manifest(Struct, frozen=True):
    """Of a single image."""

    configuration: str
    """Its digest."""


def read_manifest(body: bytes, content_type: str) -> Index | Manifest:
    """`content_type`: as the registry sent it. Raises RegistryError for what is neither."""
    document = _decoded(body, _DOCUMENTS)
    said = document.media_type or content_type.partition(";")[0].strip().lower()
    if document.schema_version == 1 or said.startswith(_SCHEMA_1):
        raise RegistryError("a manifest of schema 1, which containerd 2 does not pull")
    if document.manifests is not None and (document.config or document.layers):
        raise RegistryError("both an index and a manifest")
    if document.media_type and document.media_type not in (*_INDEXES, *_MANIFESTS):
        raise ArtifactError
    is_index = said in _INDEXES if said in (*_INDEXES, *_MANIFESTS) else document.manifests is not None
    if is_index and document.manifests is not None:
        if _is_artifact_type(document.artifact_type):
            raise ArtifactError
        return Index(tuple(_entry(each) for each in document.manifests if not _is_artifact(each)))
    if not is_index and document.config:
        if (
            _is_artifact_type(document.artifact_type)
            or (document.config.media_type or "") not in _CONFIGURATIONS
        ):
            raise ArtifactError
        return Manifest(document.config.digest)
    raise RegistryError("neither an index nor a manifest")


def _is_artifact_type(kind: str | None) -> bool:
    """Some tools name the type of the configuration here, of images too."""
    return bool(kind) and kind not in _CONFIGURATIONS


def _is_artifact(entry: _Descriptor) -> bool:
    platform = entry.platform
    return (
        _is_artifact_type(entry.artifact_type)
        or _ATTESTATION in (entry.annotations or {})
        or (entry.media_type is not None and entry.media_type not in (*_INDEXES, *_MANIFESTS))
        or (platform is not None and platform.os == platform.architecture == "unknown")
    )


def _entry(entry: _Descriptor) -> Entry:
    """An index within has platforms of its own, whatever is said of it here."""
    is_index = entry.media_type in _INDEXES
    return Entry(entry.digest, None if is_index or not entry.platform else entry.platform.name())


def read_configuration(body: bytes) -> str:
    """The platform, as `platform_name` writes it. Raises RegistryError if none is named."""
    name = _decoded(body, _PLATFORMS).name()
    if name is None:
        raise RegistryError("no platform in its configuration")
    return name


# Decoders are made here: several threads read, and webhook/model/decoding.py says what they do otherwise.
_DOCUMENTS, _PLATFORMS = msgspec.json.Decoder(_Document), msgspec.json.Decoder(_Platform)


def _decoded(body: bytes, decoder: msgspec.json.Decoder[_T]) -> _T:
    try:
        return decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RegistryError("not understood") from error


# As containerd normalises them.
_ARCHITECTURES = {"aarch64": "arm64", "x86_64": "amd64", "x86-64": "amd64"}
_BASELINE = {"", "8", "v8"}


def platform_name(os: str, architecture: str, variant: str) -> str:
    """`linux/arm64`: without variant, except where other machines of that architecture do not run it."""
    architecture = _ARCHITECTURES.get(architecture.lower(), architecture.lower())
    name = f"{os.lower()}/{architecture}"
    if architecture == "arm64" and variant.lower() not in _BASELINE:
        return f"{name}/{variant.lower()}"
    return name
