"""A file of evidence: a JSON object a line, so that files are merged by putting one after the other.

{"ref": "docker.io/library/nginx:1.27", "digest": "sha256:...", "platforms": ["linux/arm64"], "level": "runs",
  "seen": 1780272000, "from": "Node arm-3"}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from webhook.documents.conversion import ConversionError, convert
from webhook.documents.files import Document, field_path, read_file
from webhook.documents.problems import InvalidInputError, Problem, ProblemName
from webhook.documents.replace import write_file
from webhook.documents.yaml_tree import Location
from webhook.images.evidence import Evidence, newest
from webhook.images.reference import parse_reference
from webhook.model.image_platforms import Level

_LAST_TIME = 253_402_300_799  # of the year 9999
_DIGEST = re.compile(r"[a-z0-9]+:[0-9a-f]{32,}")
_PLATFORM = re.compile(r"[a-z0-9]+/[a-z0-9]+")


class _Line(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """A field that is misspelled would be evidence that is not known."""

    ref: str
    digest: str = ""
    platforms: tuple[str, ...] = ()
    level: Literal["runs", "says", "unknown"]
    seen: Annotated[int, Meta(ge=0, le=_LAST_TIME)]
    source: str = msgspec.field(name="from")


_LINES = msgspec.json.Decoder(_Line)


def read_cache(path: str, *, may_be_new: bool = False) -> list[Evidence]:
    """Raises InvalidInputError with every problem of the file."""
    if may_be_new and not Path(path).exists():
        return []
    problems: list[Problem] = []
    evidence: list[Evidence] = []
    for document in read_file(path, problems.append):
        if document.data is None:
            continue
        try:
            line = convert(document.data, _Line)
        except ConversionError as error:
            problems.append(_problem(document, error.location, str(error)))
            continue
        wrong = [_problem(document, location, message) for location, message in _contradictions(line)]
        problems += wrong
        if not wrong:
            evidence.append(_evidence(line))
    if problems:
        raise InvalidInputError(*problems)
    return evidence


def parse_lines(text: str) -> list[Evidence]:
    """Raises ValueError, which names the first line that is none of a cache."""
    evidence: list[Evidence] = []
    for number, each in enumerate(text.splitlines(), start=1):
        if not each.strip():
            continue
        try:
            line = _LINES.decode(each)
        except msgspec.MsgspecError as error:
            raise ValueError(f"line {number}: {error}") from error
        for _, message in _contradictions(line):
            raise ValueError(f"line {number}: {message}")
        evidence.append(_evidence(line))
    return evidence


def write_cache(path: str, evidence: Iterable[Evidence]) -> None:
    """Replaces the file, or makes it; whole or not at all. Raises InvalidInputError."""
    write_file(path, b"".join(map(as_json, newest(evidence))).decode())


def as_json(evidence: Evidence) -> bytes:
    """One line."""
    line = _Line(
        ref=evidence.ref,
        digest=evidence.digest,
        platforms=tuple(sorted(evidence.platforms)),
        level=evidence.level.value,  # type: ignore[arg-type]  # NO is no level of evidence
        seen=evidence.seen,
        source=evidence.source,
    )
    return msgspec.json.encode(line) + b"\n"


def _evidence(line: _Line) -> Evidence:
    return Evidence(
        ref=line.ref,
        digest=line.digest,
        platforms=frozenset(line.platforms),
        level=Level(line.level),
        seen=line.seen,
        source=line.source,
    )


def _contradictions(line: _Line) -> Iterator[tuple[Location, str]]:
    """What no type says."""
    if not _is_whole(line.ref):
        yield ("ref",), f"{line.ref!r} is no whole reference, as in docker.io/library/nginx:1.27"
    if line.digest and not _DIGEST.fullmatch(line.digest):
        yield ("digest",), f"{line.digest!r} is no digest, as in sha256:1f0c..."
    for index, each in enumerate(line.platforms):
        if not _PLATFORM.fullmatch(each):
            yield ("platforms", index), f"{each!r} is no platform, as in linux/arm64"
    if line.level == "unknown" and line.platforms:
        yield ("platforms",), "an image of level unknown has none"
    if line.level != "unknown" and not line.platforms:
        yield ("platforms",), f"an image of level {line.level} has at least one"
    if line.level == "says" and not line.digest:
        yield ("digest",), "what a registry says is of a digest, which is missing"


def _is_whole(ref: str) -> bool:
    try:
        return str(parse_reference(ref)) == ref
    except ValueError:
        return False


def _problem(document: Document, location: Location, message: str) -> Problem:
    return Problem(ProblemName.INVALID_CACHE, document.place(location), message, field_path(location))
