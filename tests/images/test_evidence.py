"""What follows from pieces of evidence for an image as it is written in a Pod."""

from __future__ import annotations

import pytest
from msgspec import structs

from webhook.images.evidence import Evidence, Knowledge, about, newest
from webhook.model.image_platforms import AMD64, ARM64, Level

NOW, DAY = 1_780_272_000, 86_400
A, B = (f"sha256:{letter * 64}" for letter in "ab")
NGINX = "docker.io/library/nginx:1.27"


def ran(platform: str = ARM64, ref: str = NGINX, digest: str = A, seen: int = NOW) -> Evidence:
    node = f"Node {platform.rpartition('/')[2]}-1"
    return Evidence(
        ref=ref, digest=digest, platforms=frozenset({platform}), level=Level.RUNS, seen=seen, source=node
    )


def read(*platforms: str, ref: str = NGINX, digest: str = A, seen: int = NOW) -> Evidence:
    return Evidence(
        ref=ref,
        digest=digest,
        platforms=frozenset(platforms),
        level=Level.SAYS,
        seen=seen,
        source="index",
    )


def failed(ref: str = NGINX, seen: int = NOW) -> Evidence:
    return Evidence(ref=ref, level=Level.UNKNOWN, seen=seen, source="403 from docker.io")


def _known(*evidence: Evidence) -> Knowledge:
    return Knowledge(evidence, now=NOW, max_age=DAY)


OLD = NOW - DAY - 1
MIRROR = f"example.com/mirror/nginx@{A}"


@pytest.mark.parametrize(
    ("evidence", "image", "level"),
    [
        pytest.param([], "nginx:1.27", Level.UNKNOWN, id="nothing"),
        pytest.param([ran()], "nginx:1.27", Level.RUNS, id="it ran"),
        pytest.param([ran()], "docker.io/library/nginx:1.27", Level.RUNS, id="under its whole name"),
        pytest.param([ran()], "nginx:1.28", Level.UNKNOWN, id="another tag"),
        pytest.param([ran()], MIRROR, Level.RUNS, id="the same digest elsewhere"),
        pytest.param([ran(AMD64), ran(ref="quay.io/x/y:1")], "nginx:1.27", Level.RUNS, id="another image of the digest that this tag has"),
        pytest.param([ran(AMD64, digest=B), ran(ref="quay.io/x/y:1")], "nginx:1.27", Level.UNKNOWN, id="another digest ran"),
        pytest.param([ran(digest=""), ran(AMD64, "quay.io/x/y:1", digest="")], "quay.io/x/y:1", Level.UNKNOWN, id="no digests are not the same digest"),
        pytest.param([ran(AMD64)], "nginx:1.27", Level.UNKNOWN, id="it ran elsewhere"),
        pytest.param([ran(seen=NOW - DAY)], "nginx:1.27", Level.RUNS, id="a tag of yesterday"),
        pytest.param([ran(seen=OLD)], "nginx:1.27", Level.UNKNOWN, id="a tag that is too old"),
        pytest.param([ran(seen=0)], f"nginx@{A}", Level.RUNS, id="a digest is never too old"),
        pytest.param([ran(seen=0), read(AMD64, ref=f"quay.io/x/y@{A}", seen=0)], f"nginx:x@{A}", Level.RUNS, id="of tag and digest, the digest"),
        pytest.param([read(AMD64, ARM64)], "nginx:1.27", Level.SAYS, id="an index names it"),
        pytest.param([read(AMD64)], "nginx:1.27", Level.NO, id="an index does not name it"),
        pytest.param([read(AMD64, seen=OLD)], "nginx:1.27", Level.UNKNOWN, id="an index of a tag that is too old"),
        pytest.param([read(AMD64, seen=OLD)], f"nginx@{A}", Level.NO, id="an index of a digest"),
        pytest.param([failed()], "nginx:1.27", Level.UNKNOWN, id="not read"),
        pytest.param([failed(), read(AMD64, seen=NOW - 1)], "nginx:1.27", Level.NO, id="not read today, but yesterday"),
        pytest.param([read(AMD64, digest=B, seen=NOW - 9), read(AMD64, ARM64)], "nginx:1.27", Level.SAYS, id="what was read last"),
        pytest.param([read(AMD64, ARM64), ran()], "nginx:1.27", Level.RUNS, id="what ran is surer than a claim"),
        pytest.param([read(AMD64, digest=B), ran()], "nginx:1.27", Level.NO, id="the tag has lost it since it ran"),
        pytest.param([read(AMD64), ran()], "nginx:1.27", Level.RUNS, id="it ran with this very digest"),
        pytest.param([read(AMD64, ref=f"quay.io/x/y@{A}"), ran(AMD64)], "nginx:1.27", Level.UNKNOWN, id="the digest of a Pod may be a part of an index"),
        pytest.param([ran()], "NOT an image", Level.UNKNOWN, id="no image"),
    ],
)  # fmt: skip
def test_level_on_arm64(evidence: list[Evidence], image: str, level: Level) -> None:
    assert _known(*evidence).platforms(image).level(ARM64) is level


@pytest.mark.parametrize(
    ("evidence", "source"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([ran(AMD64), ran(), read(ARM64)], "Node arm64-1", id="where it ran"),
        pytest.param([ran(AMD64), read(AMD64)], "index", id="what was read, if it ran elsewhere"),
        pytest.param([ran(AMD64), failed()], "403 from docker.io", id="why it was not read"),
    ],
)
def test_the_piece_that_decides(evidence: list[Evidence], source: str | None) -> None:
    piece = _known(*evidence).decisive("nginx:1.27", ARM64)
    assert (piece and piece.source) == source


def test_all_that_is_known_of_an_image() -> None:
    known = _known(ran(AMD64, seen=NOW - 5), ran(seen=NOW - 7), read(AMD64, ARM64, seen=NOW - 6))
    platforms = known.platforms("nginx:1.27")
    assert platforms.runs == {AMD64, ARM64}
    assert platforms.says == platforms.runs
    assert platforms.source == "Node amd64-1; Node arm64-1; index"
    assert platforms.seen == NOW - 5


def test_a_newer_piece_takes_the_place_of_an_older_one() -> None:
    newer = structs.replace(ran(), source="Node arm64-9")
    pieces = [newer, ran(seen=NOW - 1), failed(), failed(seen=1), ran(AMD64)]
    assert [*newest(pieces)] == [failed(), ran(AMD64), newer]


def test_what_says_nothing_any_more_is_not_kept() -> None:
    kept = [ran(seen=OLD), read(AMD64, digest=B, seen=OLD), ran(digest="")]
    known = _known(*kept, failed(seen=OLD), ran(digest="", ref="quay.io/x/y:1", seen=OLD))
    assert {*known.evidence} == {*kept}


def test_what_is_about_images() -> None:
    elsewhere, other = ran(ref="quay.io/x/y:1"), ran(ref="quay.io/x/z:1", digest=B)
    pieces = [ran(), failed(), elsewhere, other]
    assert about(pieces, ["nginx:1.27", "NO image"]) == [ran(), failed(), elsewhere]
    assert about(pieces, [f"new@{B}"]) == [other]
    assert about([ran(digest=""), ran(ref="quay.io/x/y:1", digest="")], ["nginx:1.27"]) == [ran(digest="")]
