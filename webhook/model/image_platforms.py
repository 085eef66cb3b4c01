"""What is known of the platforms that an image runs on: from Nodes where it ran, and from registries.

A platform is written as in an image index, without variant: `linux/arm64`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from msgspec import Struct

ARM64, AMD64 = "linux/arm64", "linux/amd64"


class Level(StrEnum):
    """How sure it is that an image runs on a platform."""

    RUNS = "runs"
    """A container of it was ready on such a Node."""
    SAYS = "says"
    """Its index or configuration names the platform."""
    NO = "no"
    """Its index or configuration was read, and does not name the platform."""
    UNKNOWN = "unknown"
    """Not read: no access, a limit, or a form that is not understood."""


class ImagePlatforms(Struct, frozen=True, kw_only=True):
    """Of one image."""

    runs: frozenset[str] = frozenset()
    """Of the Nodes on which a container of it was ready."""
    says: frozenset[str] | None = None
    """All that its index or configuration names; None if it was not read."""
    source: str = ""
    """Where this is from, in words: `Node arm-3`, `index`, `403 from example.com`."""
    seen: int = 0
    """When, in seconds since 1970."""

    def level(self, platform: str) -> Level:
        if platform in self.runs:
            return Level.RUNS
        if self.says is None:
            return Level.UNKNOWN
        return Level.SAYS if platform in self.says else Level.NO


NOTHING = ImagePlatforms()


def lowest(images: Iterable[ImagePlatforms], platform: str) -> Level:
    """All that run together must agree: the least sure of them, and `no` before all."""
    return max((each.level(platform) for each in images), key=_ORDER.index, default=Level.UNKNOWN)


_ORDER = (Level.RUNS, Level.SAYS, Level.UNKNOWN, Level.NO)

Known = Mapping[str, ImagePlatforms]
"""By the image as it is written in a Pod."""
