"""Images in every form that registries hold, made by hand, and the platforms that each has."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.images.registry.fake_registry import CONFIG, INDEX, MANIFEST, digest_of, encoded

_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
_SCHEMA_2 = "application/vnd.docker.distribution.manifest.v2+json"
_DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
_HELM = "application/vnd.cncf.helm.config.v1+json"
_ATTESTATION = {"vnd.docker.reference.type": "attestation-manifest"}


class Form(NamedTuple):
    blobs: list[bytes]
    manifests: list[bytes]
    """The last is what the tag stands for."""
    platforms: frozenset[str] | None
    """None: unknown."""
    why: str = ""
    """Of what is unknown."""


def _described(body: bytes, kind: str, **more: Any) -> dict[str, Any]:
    return {"mediaType": kind, "digest": digest_of(body), "size": len(body), **more}


def _image(
    architecture: str, os: str = "linux", *, docker: bool = False, kind: str = "", **more: Any
) -> Form:
    config = encoded(
        {"architecture": architecture, "os": os, "rootfs": {"type": "layers", "diff_ids": []}, **more}
    )
    media_type, config_type = (_SCHEMA_2, _DOCKER_CONFIG) if docker else (MANIFEST, CONFIG)
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": _described(config, kind or config_type),
        "layers": [],
    }
    return Form([config], [encoded(manifest)], None)


def _index(*parts: tuple[Form, dict[str, Any]], docker: bool = False) -> Form:
    """Each with what its entry says besides."""
    entries = []
    for form, more in parts:
        body = form.manifests[-1]
        kind = INDEX if b'"manifests"' in body else _SCHEMA_2 if docker else MANIFEST
        entries.append(_described(body, kind, **more))
    whole = encoded({"schemaVersion": 2, "mediaType": _LIST if docker else INDEX, "manifests": entries})
    blobs = [blob for form, _ in parts for blob in form.blobs]
    return Form(blobs, [*(each for form, _ in parts for each in form.manifests), whole], None)


def _on(os: str, architecture: str, variant: str = "") -> dict[str, Any]:
    platform = {"os": os, "architecture": architecture}
    return {"platform": {**platform, "variant": variant} if variant else platform}


_AMD64, _ARM64 = _image("amd64"), _image("arm64", variant="v8")
_BOTH = _index((_AMD64, _on("linux", "amd64")), (_ARM64, _on("linux", "arm64", "v8")))
_CHART = _image("", kind=_HELM)
_ARTIFACT = "an artifact, not an image"

FORMS = {
    "index": _BOTH._replace(platforms=frozenset({"linux/amd64", "linux/arm64"})),
    "docker-list": _index(
        (_image("amd64", docker=True), _on("linux", "amd64")),
        (_image("arm64", docker=True), _on("linux", "arm64")),
        docker=True,
    )._replace(platforms=frozenset({"linux/amd64", "linux/arm64"})),
    "manifest": _ARM64._replace(platforms=frozenset({"linux/arm64"})),
    "docker-manifest": _image("amd64", docker=True)._replace(platforms=frozenset({"linux/amd64"})),
    "other-names": _image("aarch64")._replace(platforms=frozenset({"linux/arm64"})),
    "attested": _index(
        (_AMD64, _on("linux", "amd64")),
        (_image("unknown", os="unknown"), {**_on("unknown", "unknown"), "annotations": _ATTESTATION}),
    )._replace(platforms=frozenset({"linux/amd64"})),
    "without-platform": _index((_AMD64, {}), (_ARM64, {}))._replace(
        platforms=frozenset({"linux/amd64", "linux/arm64"})
    ),
    "nested": _index((_BOTH, {}), (_image("s390x"), _on("linux", "s390x")))._replace(
        platforms=frozenset({"linux/amd64", "linux/arm64", "linux/s390x"})
    ),
    "32-bit": _index(
        (_AMD64, _on("linux", "amd64")), (_image("arm", variant="v7"), _on("linux", "arm", "v7"))
    )._replace(platforms=frozenset({"linux/amd64", "linux/arm"})),
    "windows": _index(
        (
            _image("amd64", os="windows"),
            {"platform": {"os": "windows", "architecture": "amd64", "os.version": "10.0"}},
        ),
        (_ARM64, _on("linux", "arm64")),
    )._replace(platforms=frozenset({"linux/arm64"})),
    "windows-alone": _image("amd64", os="windows")._replace(platforms=frozenset()),
    "with-artifact": _index((_ARM64, {}), (_CHART, {}))._replace(platforms=frozenset({"linux/arm64"})),
    "chart": _CHART._replace(why=_ARTIFACT),
    "no-platform": _image("", os="")._replace(why="no platform in its configuration"),
    "empty": _index()._replace(why="nothing that runs in its index"),
}
