"""What is known of images, for reviews: it reads the lines of a cache once, then nothing but memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache

from webhook.images.cache import parse_lines
from webhook.images.evidence import Knowledge
from webhook.model.image_platforms import ImagePlatforms, Known

MAX_AGE = 48 * 3600
"""Of what is known of a tag, in seconds: a daily job may fail once."""
# The longest reference with a tag and a digest is shorter; Pods may contain anything.
_MAX_LENGTH = 1024
# A cluster runs a few hundred images.
_MAX_CACHED = 4096


class KnownImages(Mapping[str, ImagePlatforms]):
    def __init__(self, knowledge: Knowledge) -> None:
        self._current = knowledge.current
        self._all = knowledge.evidence
        self._platforms = lru_cache(maxsize=_MAX_CACHED)(knowledge.platforms)

    def __getitem__(self, image: str) -> ImagePlatforms:
        if len(image) > _MAX_LENGTH:
            raise KeyError(image)
        return self._platforms(image)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(each.ref for each in self._all))

    def __len__(self) -> int:
        return len({each.ref for each in self._all})

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KnownImages) and (self._current, self._all) == (other._current, other._all)

    __hash__ = None  # type: ignore[assignment]  # as of other mappings


def known_images(lines: str, now: float) -> Known:
    """`lines`: as in a file of `podtailor images --cache`. Raises ValueError, which names a line."""
    return KnownImages(Knowledge(parse_lines(lines), now=int(now), max_age=MAX_AGE))
