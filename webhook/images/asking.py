"""Ask registries about the images that are to be known, several at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum

from msgspec import structs

from webhook.images.evidence import Evidence, Knowledge
from webhook.images.reference import Reference, parse_reference
from webhook.images.registry.image import ReadImage, RegistryError
from webhook.model.image_platforms import Level

_AT_ONCE = 8


class Ask(StrEnum):
    NEVER = "never"
    MISSING = "missing"
    """What is unknown of a platform."""
    ALL = "all"
    """Also what tags stand for now. The content of a digest does not change."""


def to_ask(images: Iterable[str], knowledge: Knowledge, platform: str, ask: Ask) -> list[Reference]:
    """Each image once, by its whole reference. Texts that are no image are left out."""
    wanted: dict[str, Reference] = {}
    for image in images if ask is not Ask.NEVER else ():
        try:
            reference = parse_reference(image)
        except ValueError:
            continue
        known = knowledge.platforms(image)
        is_read = reference.digest is not None and known.says is not None
        if known.level(platform) is Level.UNKNOWN or (ask is Ask.ALL and not is_read):
            wanted[str(reference)] = reference
    return [wanted[each] for each in sorted(wanted)]


Read = Callable[[Reference], ReadImage]
"""Raises RegistryError."""


def asked(
    references: Iterable[Reference], read: Read, mirrors: Mapping[str, str], *, now: int
) -> Iterator[Evidence]:
    """In their order, as answers come. `mirrors`: by host, the `host/path` to ask instead."""

    def one(reference: Reference) -> Evidence:
        ref = str(reference)
        try:
            found = read(mirrored(reference, mirrors))
        except RegistryError as error:
            return Evidence(ref=ref, level=Level.UNKNOWN, seen=now, source=str(error))
        if not found.platforms:  # as an image for Windows: nothing is said of Linux
            return Evidence(ref=ref, level=Level.UNKNOWN, seen=now, source=f"no Linux in its {found.source}")
        return Evidence(
            ref=ref,
            digest=found.digest,
            platforms=found.platforms,
            level=Level.SAYS,
            seen=now,
            source=found.source,
        )

    pool = ThreadPoolExecutor(_AT_ONCE, "registry")
    try:
        yield from pool.map(one, references)
    finally:  # after Ctrl-C only what is under way is waited for
        pool.shutdown(cancel_futures=True)


def mirrored(reference: Reference, mirrors: Mapping[str, str]) -> Reference:
    mirror = mirrors.get(reference.host)
    if mirror is None:
        return reference
    host, slash, path = mirror.partition("/")
    return structs.replace(reference, host=host, path=f"{path}{slash}{reference.path}")
