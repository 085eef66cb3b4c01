"""Globs and images: design §4."""

from __future__ import annotations

import time

import pytest

from webhook.model.globs import glob, image_glob, repository


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*", "", True),
        ("*", "anything", True),
        ("a*", "abc", True),
        ("*c", "abc", True),
        ("a*c", "ac", True),
        ("a*a", "a", False),
        ("a*b*c", "aXbYc", True),
        ("a*b*c", "acb", False),
        ("*mlu*", "vmlu.x", True),
        ("a.c", "abc", False),
        ("[a]", "a", False),
        ("", "", True),
        ("ab*ba", "aba", False),
        ("*a*a*", "a", False),
    ],
)
def test_glob(pattern: str, text: str, expected: bool) -> None:
    assert glob(pattern).matches(text) is expected
    assert str(glob(pattern)) == pattern


def test_glob_takes_linear_time() -> None:
    started = time.process_time()
    assert not glob("*a" * 500 + "b").matches("a" * 20_000)
    assert time.process_time() - started < 5, "a backtracking match would not end in this universe"


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("redis", "redis"),
        ("redis:7", "redis"),
        ("r.example:5000/team/redis", "r.example:5000/team/redis"),
        ("r.example:5000/team/redis:7@sha256:ab", "r.example:5000/team/redis"),
        ("redis@sha256:ab", "redis"),
        ("", ""),
    ],
)
def test_repository(image: str, expected: str) -> None:
    assert repository(image) == expected


@pytest.mark.parametrize(
    ("pattern", "image", "expected"),
    [
        ("redis", "docker.io/library/redis:7", True),
        ("redis", "oliver006/redis_exporter:v1", False),
        ("redis*", "oliver006/redis_exporter:v1", True),
        ("library/redis", "docker.io/library/redis", False),
        ("*/library/redis", "docker.io/library/redis", True),
        ("docker.io/*", "docker.io/library/redis:7", True),
    ],
)
def test_image(pattern: str, image: str, expected: bool) -> None:
    assert image_glob(pattern).matches(repository(image)) is expected
