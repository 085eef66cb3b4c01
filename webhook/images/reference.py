"""Where an image comes from: `nginx` is `docker.io/library/nginx:latest`, as container runtimes read it.

Source: `ParseDockerRef` in github.com/distribution/reference, which containerd and cri-dockerd go by.
"""

from __future__ import annotations

import re

from msgspec import Struct

from webhook.model.images import repository

_HOST = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:[0-9]{1,5})?|\[[0-9a-fA-F:]+\](:[0-9]{1,5})?")
_PART = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_PART}(?:/{_PART})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_MAX_NAME = 255
# Docker Hub serves images at another name than its own.
_API_HOSTS = {"docker.io": "registry-1.docker.io"}


class Reference(Struct, frozen=True):
    host: str
    """With its port, if it names one."""
    path: str
    """Within the registry: `library/nginx`."""
    tag: str | None
    """None if there is a digest: then a tag beside it does not count."""
    digest: str | None

    @property
    def api_host(self) -> str:
        """Whom to ask."""
        return _API_HOSTS.get(self.host, self.host)

    @property
    def repository(self) -> str:
        """As `webhook.model.images.repository` has it."""
        return f"{self.host}/{self.path}"

    @property
    def wanted(self) -> str:
        """What to ask for: the digest, else the tag."""
        return self.digest or self.tag or _LATEST

    def __str__(self) -> str:
        return self.repository + (f"@{self.digest}" if self.digest else f":{self.wanted}")


_LATEST = "latest"


def parse_reference(image: str) -> Reference:
    """Raises ValueError for a text that no runtime takes for an image."""
    name, at, digest = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    host, _, path = repository(image).partition("/")
    is_valid = (
        _HOST.fullmatch(host)
        and _PATH.fullmatch(path)
        and len(host) + len(path) < _MAX_NAME
        and (not colon or _TAG.fullmatch(tag))
        and (not at or _DIGEST.fullmatch(digest))
    )
    if not is_valid:
        raise ValueError("not the name of an image")
    if digest:
        return Reference(host, path, None, digest)
    return Reference(host, path, tag or _LATEST, None)
