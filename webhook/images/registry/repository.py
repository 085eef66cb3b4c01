"""Requests about one repository: `/v2/library/nginx/...` of registry-1.docker.io.

https://github.com/opencontainers/distribution-spec/blob/main/spec.md
"""

from __future__ import annotations

import hashlib
import re
from http import HTTPStatus
from typing import NamedTuple

from webhook.images.registry.auth import Authenticator
from webhook.images.registry.image import RegistryError
from webhook.images.registry.manifests import ACCEPT
from webhook.images.registry.transport import Answer

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
# Of registries that do not know HEAD, or not for manifests.
_NO_HEAD = {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}


class Content(NamedTuple):
    digest: str
    """Of the body, which has been compared with it."""
    content_type: str
    body: bytes


class Repository:
    def __init__(self, authenticator: Authenticator, host: str, path: str) -> None:
        self._authenticator = authenticator
        self._host = host
        self._path = path

    def digest(self, tag: str) -> str | None:
        """What it stands for now; None if the registry does not say. Raises RegistryError."""
        answer = self._ask("HEAD", f"manifests/{tag}")
        if answer.status in _NO_HEAD:
            return None
        self._check(answer)
        return _digest(answer)

    def manifest(self, wanted: str) -> Content:
        """By digest, or by tag. Raises RegistryError."""
        return self._content("manifests", wanted)

    def blob(self, digest: str) -> Content:
        """Raises RegistryError."""
        return self._content("blobs", digest)

    def _content(self, kind: str, wanted: str) -> Content:
        answer = self._ask("GET", f"{kind}/{wanted}")
        self._check(answer)
        expected = wanted if _DIGEST.fullmatch(wanted) else _digest(answer)
        algorithm = expected.partition(":")[0] if expected else "sha256"
        digest = f"{algorithm}:{hashlib.new(algorithm, answer.body).hexdigest()}"
        if expected not in {None, digest}:
            raise RegistryError(f"content of another digest from {self._host}")
        return Content(digest, answer.headers.get("Content-Type", ""), answer.body)

    def _ask(self, method: str, what: str) -> Answer:
        return self._authenticator.fetch(method, self._host, self._path, what, {"Accept": ACCEPT})

    def _check(self, answer: Answer) -> None:
        if answer.status != HTTPStatus.OK:
            raise RegistryError(f"{answer.status} from {self._host}")


def _digest(answer: Answer) -> str | None:
    """As the registry says."""
    digest = answer.headers.get("Docker-Content-Digest", "")
    return digest if _DIGEST.fullmatch(digest) else None
