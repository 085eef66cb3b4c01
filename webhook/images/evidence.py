"""What is known of the platforms of images, piece by piece, and what follows for an image in a Pod. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

from msgspec import Struct

from webhook.images.reference import Reference, parse_reference
from webhook.model.image_platforms import ImagePlatforms, Level

# A cluster runs a few hundred images.
_MAX_CACHED = 4096


class Evidence(Struct, frozen=True, kw_only=True):
    """One observation of one image."""

    ref: str
    """The whole reference, as in `docker.io/library/nginx:1.27`."""
    digest: str = ""
    """What the reference stood for then; empty if that is not known."""
    platforms: frozenset[str] = frozenset()
    """Where it ran; or all that its index or configuration names."""
    level: Level
    """RUNS, SAYS or UNKNOWN: NO follows for a platform that an index does not name."""
    seen: int
    """When, in seconds since 1970."""
    source: str
    """In words: `Node arm-3`, `index`, `403 from example.com`."""

    @property
    def is_pinned(self) -> bool:
        return "@" in self.ref


class _Found(Struct, frozen=True):
    """What counts for one image."""

    ran: tuple[Evidence, ...] = ()
    read: Evidence | None = None
    """What a registry said last."""
    failed: Evidence | None = None
    """Why nothing could be read, the last time."""

    @property
    def by_weight(self) -> Iterator[Evidence]:
        yield from self.ran
        yield from filter(None, (self.read, self.failed))


class Knowledge:
    """All evidence together. Tags move, so they count for `max_age` seconds; a digest stays what it is."""

    def __init__(self, evidence: Iterable[Evidence], *, now: int, max_age: int) -> None:
        self._by_ref: dict[str, list[Evidence]] = defaultdict(list)
        self._by_digest: dict[str, list[Evidence]] = defaultdict(list)
        # Reviews ask about whatever Pods contain, so it is bounded.
        self._of = lru_cache(maxsize=_MAX_CACHED)(self._find)
        kept, current = [], []
        for each in newest(evidence):
            is_current = each.is_pinned or now - each.seen <= max_age
            is_lasting = bool(each.digest) and each.level is not Level.UNKNOWN
            if is_current:
                self._by_ref[each.ref].append(each)
                current.append(each)
            if is_lasting:
                self._by_digest[each.digest].append(each)
            if is_current or is_lasting:
                kept.append(each)
        self.evidence = tuple(kept)
        """Without what is too old to say anything, by reference."""
        self.current = tuple(current)
        """Of these, what counts for its reference, not for its digest alone."""

    @property
    def contents(self) -> Iterator[Evidence]:
        """What registries said, by digest."""
        for pieces in self._by_digest.values():
            yield from (each for each in pieces if each.level is Level.SAYS)

    def platforms(self, image: str) -> ImagePlatforms:
        """`image`: as it is written in a Pod."""
        found = self._of(image)
        pieces = [*found.by_weight]
        return ImagePlatforms(
            runs=frozenset().union(*(each.platforms for each in found.ran)),
            says=found.read.platforms if found.read else None,
            source="; ".join(dict.fromkeys(each.source for each in pieces)),
            seen=max((each.seen for each in pieces), default=0),
        )

    def decisive(self, image: str, platform: str) -> Evidence | None:
        """The piece that decides about a platform, or says why nothing is known."""
        pieces = self._of(image).by_weight
        return next(
            (each for each in pieces if each.level is not Level.RUNS or platform in each.platforms), None
        )

    def _find(self, image: str) -> _Found:
        reference = _parse(image)
        if reference is None:
            return _Found()
        named = self._by_ref.get(str(reference), [])
        # Of a tag only what was read by its name: the digest that a Pod has may be one platform of an index,
        # as with CRI-O.
        pinned = self._by_digest.get(reference.digest, []) if reference.digest else []
        read = _last(each for each in (*named, *pinned) if each.level is Level.SAYS)
        digests = {reference.digest or "", *(each.digest for each in named)} - {""}
        same = [each for digest in sorted(digests) for each in self._by_digest.get(digest, ())]
        ran = {_key(each): each for each in (*named, *same) if each.level is Level.RUNS}
        return _Found(
            tuple(ran[key] for key in sorted(ran) if _still_runs(ran[key], read)),
            read,
            _last(each for each in named if each.level is Level.UNKNOWN),
        )


def about(evidence: Iterable[Evidence], images: Iterable[str]) -> list[Evidence]:
    """What is of use for these images, as they are written in Pods: of their names and their digests."""
    pieces = [*evidence]
    references = [reference for image in images if (reference := _parse(image))]
    refs = {str(each) for each in references}
    digests = {each.digest for each in references} | {each.digest for each in pieces if each.ref in refs}
    return [each for each in pieces if each.ref in refs or (each.digest and each.digest in digests)]


def newest(evidence: Iterable[Evidence]) -> Iterator[Evidence]:
    """Without what a newer piece says again, by reference."""
    latest: dict[tuple[str, ...], Evidence] = {}
    for each in evidence:
        if _key(each) not in latest or latest[_key(each)].seen <= each.seen:
            latest[_key(each)] = each
    yield from (latest[key] for key in sorted(latest))


def _key(each: Evidence) -> tuple[str, ...]:
    """A newer piece with the same key takes its place."""
    ran_on = sorted(each.platforms) if each.level is Level.RUNS else ()
    return (each.ref, each.digest, each.level, *ran_on)


def _parse(image: str) -> Reference | None:
    try:
        return parse_reference(image)
    except ValueError:
        return None


def _last(pieces: Iterable[Evidence]) -> Evidence | None:
    return max(pieces, key=lambda each: each.seen, default=None)


def _still_runs(ran: Evidence, read: Evidence | None) -> bool:
    """A tag may have moved since a Pod was started by it: what a registry says is what is pulled next."""
    return read is None or ran.platforms <= read.platforms or ran.digest == read.digest
