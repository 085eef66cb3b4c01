"""The platforms of an image, by as few requests as tell them.

A tag costs a HEAD, which Docker Hub does not count; a digest whose content is known is never asked for again.
Else it costs a GET, and a single image one more for its configuration: its manifest names no platform.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, MutableMapping
from contextlib import suppress
from ssl import SSLContext

from webhook.images.reference import Reference
from webhook.images.registry.addresses import Resolve, resolve
from webhook.images.registry.auth import Authenticator
from webhook.images.registry.credentials import Credentials
from webhook.images.registry.image import ReadImage, RegistryError
from webhook.images.registry.manifests import (
    ArtifactError,
    Index,
    Manifest,
    read_configuration,
    read_manifest,
)
from webhook.images.registry.repository import Content, Repository
from webhook.images.registry.transport import Transport

_LINUX = "linux/"
# An index within an index is allowed, and nobody has a third.
_MAX_DEPTH = 3
# Of an index that names no platforms; each is a GET, and counts as a pull.
_MAX_MANIFESTS = 12


class Registry:
    """All registries, each by its host. May be used by several threads."""

    def __init__(
        self,
        *,
        known: MutableMapping[str, ReadImage] | None = None,
        credentials: Credentials | None = None,
        private_hosts: Collection[str] = (),
        tls: SSLContext | None = None,
        resolve: Resolve = resolve,
    ) -> None:
        """`known`: by digest, what is not asked for; what is read is added.

        `private_hosts`: with or without port, those that may have a private address.
        """
        self._known = {} if known is None else known
        transport = Transport(private_hosts=private_hosts, tls=tls, resolve=resolve)
        self._authenticator = Authenticator(transport, credentials or Credentials())

    def platforms(self, reference: Reference) -> ReadImage:
        """Raises RegistryError if they are not known; no failure looks like an image without platforms."""
        repository = Repository(self._authenticator, reference.api_host, reference.path)
        digest = reference.digest
        if digest is None:
            digest = repository.digest(reference.wanted)
        if digest and (read := self._known.get(digest)):
            return read
        content = repository.manifest(digest or reference.wanted)
        found = _Reading(repository).read(content)
        self._known[content.digest] = found
        return found


class _Reading:
    """Of one image."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._manifests = 0

    def read(self, content: Content) -> ReadImage:
        parsed = read_manifest(content.body, content.content_type)
        platforms = {*self._platforms(parsed, 1)}
        if not platforms:
            raise RegistryError("nothing that runs in its index")
        source = "index" if isinstance(parsed, Index) else "configuration"
        linux = frozenset(each for each in platforms if each.startswith(_LINUX))
        return ReadImage(content.digest, linux, source)

    def _platforms(self, parsed: Index | Manifest, depth: int) -> Iterator[str]:
        if isinstance(parsed, Manifest):
            yield read_configuration(self._repository.blob(parsed.configuration).body)
            return
        for entry in parsed.entries:
            if entry.platform is not None:
                yield entry.platform
                continue
            self._manifests += 1
            if depth == _MAX_DEPTH or self._manifests > _MAX_MANIFESTS:
                raise RegistryError("an index of too many manifests without platforms")
            child = self._repository.manifest(entry.digest)
            with suppress(ArtifactError):  # which runs nowhere
                yield from self._platforms(read_manifest(child.body, child.content_type), depth + 1)
