"""The ConfigMap that says on which platforms images run: the lines of `podtailor images --cache`."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

import msgspec
from msgspec import Struct

from webhook.cluster.pager import Object, Resource
from webhook.model.image_platforms import Known
from webhook.model.names import OWN_NAMESPACE
from webhook.model.text import MESSAGE_LENGTH, truncate

log = logging.getLogger("podtailor.images")

CONFIG_MAP = "podtailor-image-platforms"
# How often what is known is looked at for what has become too old since.
REFRESH_SECONDS = 600.0
ReadImages = Callable[[str, float], Known]
"""Takes the lines and the time, in seconds since 1970. Raises ValueError."""


class _ConfigMap(Struct, frozen=True):
    data: dict[str, str] | None = None


_CONFIG_MAPS = msgspec.json.Decoder(_ConfigMap)


def _lines(each: Object) -> str:
    data = _CONFIG_MAPS.decode(each.raw).data or {}
    return "\n".join(data[key] for key in sorted(data))


IMAGE_PLATFORMS = Resource(
    "configmaps",
    f"/api/v1/namespaces/{OWN_NAMESPACE}/configmaps",
    _lines,
    field_selector=f"metadata.name={CONFIG_MAP}",
    is_optional=True,
)


class ImageSnapshot:
    """What is known, of the last lines and without what is too old. One bad line makes all of it unusable."""

    def __init__(self, read: ReadImages) -> None:
        self._read = read
        self._lines = ""
        self._refresh_at = 0.0
        self.known: Known = {}

    def update(self, changes: Mapping[str, str | None]) -> bool:
        """Whether anything else is known now."""
        if changes:
            self._lines = changes.get(f"{OWN_NAMESPACE}/{CONFIG_MAP}") or ""
        elif not self._lines or time.monotonic() < self._refresh_at:
            return False
        self._refresh_at = time.monotonic() + REFRESH_SECONDS
        before, self.known = self.known, self._current()
        return self.known != before

    def _current(self) -> Known:
        if not self._lines:
            return {}
        try:
            return self._read(self._lines, time.time())
        except ValueError as error:
            self._lines = ""
            reason = truncate(str(error), MESSAGE_LENGTH)
            log.error("nothing is known of images: the ConfigMap cannot be used", extra={"reason": reason})  # noqa: TRY400
            return {}
