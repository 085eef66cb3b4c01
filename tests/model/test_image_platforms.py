"""How sure it is that an image runs on a platform."""

from __future__ import annotations

import pytest

from webhook.model.image_platforms import AMD64, ARM64, ImagePlatforms, Level, lowest

_RAN = ImagePlatforms(runs=frozenset({ARM64}))
_BOTH = ImagePlatforms(says=frozenset({AMD64, ARM64}))
_ONE = ImagePlatforms(says=frozenset({AMD64}))
_NOT_READ = ImagePlatforms()


@pytest.mark.parametrize(
    ("image", "level"),
    [(_RAN, Level.RUNS), (_BOTH, Level.SAYS), (_ONE, Level.NO), (_NOT_READ, Level.UNKNOWN)],
)
def test_level(image: ImagePlatforms, level: Level) -> None:
    assert image.level(ARM64) is level


def test_to_run_on_one_platform_says_nothing_of_others() -> None:
    assert _RAN.level(AMD64) is Level.UNKNOWN


def test_images_that_run_together_must_agree() -> None:
    assert lowest([_RAN, _BOTH], ARM64) is Level.SAYS
    assert lowest([_RAN, _NOT_READ], ARM64) is Level.UNKNOWN
    assert lowest([_NOT_READ, _ONE, _RAN], ARM64) is Level.NO
    assert lowest([], ARM64) is Level.UNKNOWN
