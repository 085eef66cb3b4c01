"""What reviews are told about images."""

from __future__ import annotations

import pytest

from webhook.images.known import MAX_AGE, known_images
from webhook.model.image_platforms import AMD64, ARM64, NOTHING, Level

NOW = 1_800_000_000
DIGEST = f"sha256:{'1f' * 32}"


def _line(ref: str, level: str, platform: str = "linux/arm64", seen: int = NOW, digest: str = DIGEST) -> str:
    platforms = "" if level == "unknown" else f'"{platform}"'
    return (
        f'{{"ref": "{ref}", "digest": "{digest}", "platforms": [{platforms}], '
        f'"level": "{level}", "seen": {seen}, "from": "index"}}'
    )


def test_images_are_found_as_pods_write_them() -> None:
    known = known_images(_line("docker.io/library/nginx:latest", "says"), NOW)
    for image in ("nginx", "library/nginx:latest", "docker.io/nginx", f"example.com/mirror@{DIGEST}"):
        assert known.get(image, NOTHING).level(ARM64) is Level.SAYS
        assert known.get(image, NOTHING).level(AMD64) is Level.NO
    assert known.get("nginx:1", NOTHING).level(ARM64) is Level.UNKNOWN
    assert [*known] == ["docker.io/library/nginx:latest"]
    assert len(known) == 1


@pytest.mark.parametrize(("age", "level"), [(MAX_AGE, Level.SAYS), (MAX_AGE + 1, Level.UNKNOWN)])
def test_tags_become_too_old(age: int, level: Level) -> None:
    lines = _line("docker.io/library/nginx:latest", "says", seen=NOW - age)
    assert known_images(lines, NOW).get("nginx", NOTHING).level(ARM64) is level


def test_digests_do_not() -> None:
    known = known_images(_line(f"example.com/a@{DIGEST}", "says", seen=0), NOW)
    assert known[f"example.com/a@{DIGEST}"].level(ARM64) is Level.SAYS


def test_what_could_not_be_read_is_unknown() -> None:
    known = known_images(_line("example.com/a:1", "unknown", digest=""), NOW)
    assert known["example.com/a:1"].level(ARM64) is Level.UNKNOWN


@pytest.mark.parametrize("image", ["", "A B", "x" * 2000, "a/" * 600, f"{'a' * 2000}@{DIGEST}"])
def test_whatever_pods_contain_is_no_image(image: str) -> None:
    assert known_images(_line("example.com/a:1", "says"), NOW).get(image, NOTHING) == NOTHING


def test_same_evidence_is_equal_and_older_is_not() -> None:
    lines = "\n".join((_line("example.com/a:1", "says"), "", _line("example.com/b:1", "runs")))
    assert known_images(lines, NOW) == known_images(lines, NOW + 1)
    assert known_images(lines, NOW) != known_images(lines, NOW + 2 * MAX_AGE)
    assert known_images(lines, NOW) != {}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("{", "line 1: Input data was truncated"),
        (_line("example.com/a:1", "says") + "\n" + _line("example.com/a:1", "says")[:40], "line 2: "),
        (_line("example.com/a:1", "maybe"), "line 1: Invalid enum value 'maybe'"),
        (_line("nginx", "says"), "line 1: 'nginx' is no whole reference"),
    ],
)
def test_line_that_is_cut_or_wrong_is_named(lines: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        known_images(lines, NOW)
