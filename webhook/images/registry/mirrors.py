"""Registries in place of those that images name, as containerd's `hosts.toml` tells Nodes."""

from __future__ import annotations

from collections.abc import Iterable

from webhook.errors import UsageError
from webhook.images.reference import Reference, parse_reference

# Of two parts: a single one at Docker Hub would be in its library.
_IMAGE = "an/image"


class Mirrors:
    def __init__(self, maps: Iterable[str] = ()) -> None:
        """Each `HOST=HOST/PATH`, as in `docker.io=mirror.example/hub`. Raises UsageError."""
        self._places = dict(map(_parsed, maps))

    def place(self, reference: Reference) -> tuple[str, str]:
        """Whom to ask, and for which repository."""
        mirror = self._places.get(reference.host)
        if mirror is None:
            return reference.api_host, reference.path
        return mirror.api_host, f"{mirror.path.removesuffix(_IMAGE)}{reference.path}"


def _parsed(text: str) -> tuple[str, Reference]:
    """By the host that images name, an image of that name at the mirror."""
    host, _, mirror = text.partition("=")
    if "/" in host:
        raise _refused(text)
    return _image(host, text).host, _image(mirror.rstrip("/"), text)


def _image(place: str, text: str) -> Reference:
    """One there. A first word without a dot would be a user of Docker Hub, and no host."""
    _, _, path = place.partition("/")
    try:
        image = parse_reference(f"{place}/{_IMAGE}")
    except ValueError as error:
        raise _refused(text) from error
    if image.path != f"{path}/{_IMAGE}".lstrip("/"):
        raise _refused(text)
    return image


def _refused(text: str) -> UsageError:
    return UsageError(f"{text}: write HOST=HOST/PATH, as in docker.io=mirror.example/hub")
