"""Globs as regular expressions of RE2: they match what the globs match, and RE2 knows all that is in them."""

from __future__ import annotations

import re

import pytest

from webhook.export.regular_expressions import of_glob, of_globs
from webhook.model.globs import glob

GLOBS = (
    "",
    "*",
    "app",
    "app*",
    "*app",
    "a*p",
    "a*b*c",
    "**",
    "a.b",
    "a+b(c)[d]{e}^$|?\\",
    "a b",
    "é*",
    "a-b",
)
TEXTS = (
    *("", "app", "appp", "my-app", "ap", "abc", "aXbXc", "a.b", "axb", "a+b(c)[d]{e}^$|?\\", "a b", "été"),
    *("a-b", "line\nbreak", "app\n"),
)


@pytest.mark.parametrize("pattern", GLOBS)
def test_matches_as_the_glob(pattern: str) -> None:
    expression = re.compile(of_globs([glob(pattern)]).removesuffix("$") + r"\Z")
    assert [each for each in TEXTS if expression.search(each)] == [
        each for each in TEXTS if glob(pattern).matches(each)
    ]


def test_one_of_several_globs_is_enough() -> None:
    expression = of_globs([glob("nvidia.com/gpu"), glob("amd.com/*")])
    assert expression == r"^(?s:nvidia\.com/gpu|amd\.com/.*)$"


@pytest.mark.parametrize("pattern", GLOBS)
def test_escapes_only_what_is_special(pattern: str) -> None:
    """RE2 refuses a backslash before other characters."""
    assert {*re.findall(r"\\(.)", of_glob(glob(pattern)))} <= {*r"\.+*?()|[]{}^$"}


def test_star_is_what_it_is_told() -> None:
    assert of_glob(glob("a*b"), "[^/]*") == "a[^/]*b"
