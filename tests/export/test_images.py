"""Patterns of images as regular expressions: they match what the patterns match."""

from __future__ import annotations

import re

import pytest

from webhook.export.cel.code import Code
from webhook.export.cel.values import Text
from webhook.export.images import is_one_of, regular_expression, repository
from webhook.model import images
from webhook.model.images import image_glob

PATTERNS = (
    *("redis", "redis*", "*", "*-redis", "re.dis", "r*d*s", "library/redis", "bitnami/*", "*/redis"),
    *("*.example/team/*", "quay.io/*", "docker.io/*", "registry:5000/*", "r[e]g(x)|y/app", "*/library/redis"),
)
IMAGES = (
    *(
        "redis:7",
        "oliver006/redis_exporter",
        "quay.io/redis",
        "quay.io/team/redis@sha256:ab",
        "bitnami/redis",
    ),
    *("registry:5000/a/b:1", "r.example/team/app", "r.example/other/app", "re.dis", "rexdis", "my-redis"),
    *("Capital/redis", "r[e]g(x)|y/app", "", "a//redis", "new\nline/redis", "redis\n"),
)


@pytest.mark.parametrize("image", IMAGES, ids=ascii)
@pytest.mark.parametrize("pattern", PATTERNS)
def test_matches_as_the_pattern(pattern: str, image: str) -> None:
    glob, name = image_glob(pattern), images.repository(image)
    # RE2 takes `$` for the end of the text alone, as Python takes `\Z`.
    expression = regular_expression([glob]).removesuffix("$") + r"\Z"
    assert (re.search(expression, name) is not None) == glob.matches(name)


def test_one_of_several_patterns_is_enough() -> None:
    made = regular_expression([image_glob("redis"), image_glob("team/app"), image_glob("mongo*")])
    found = [
        each for each in ("redis", "team/app", "mongo-8", "app") if re.search(made, images.repository(each))
    ]
    assert found == ["redis", "team/app", "mongo-8"]


def test_printed() -> None:
    name = Text(Code("one.repository"))
    assert is_one_of(name, [image_glob("team/*")]).code.text == (
        r"one.repository.matches('^(?s:docker\\.io/team/.*)$')"
    )


def test_the_name_is_read_once() -> None:
    """However often the rules ask for it."""
    assert repository(Text(Code("one.image"))).code.text.count("one.image") == 1
