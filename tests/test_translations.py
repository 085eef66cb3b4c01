"""Translated pages follow their English page, section by section.

`python -m tests.support.pages` copies code blocks; what a test names here is for a person to translate.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support.pages import BLOCK, TRANSLATIONS


class Section(NamedTuple):
    """What must be the same in every language."""

    level: int
    code: Counter[str]
    """Text in backticks."""
    links: Counter[str]
    """Their targets, from the root of the checkout."""
    numbers: Counter[str]
    rows: int
    """Of tables, and items of lists."""


def _sections(page: Path) -> list[Section]:
    text = re.sub(r"<!--.*?-->", "", BLOCK.sub("", page.read_text()))
    parts = re.split(r"(?m)^(#+) .+\n", text)[1:]
    return [_section(page, marks, body) for marks, body in zip(parts[::2], parts[1::2], strict=True)]


def _section(page: Path, marks: str, body: str) -> Section:
    body = re.sub(r"^\[.{2,10}\]\(\S+\)\n", "", body, flags=re.MULTILINE)  # the other languages of this page
    body = re.sub(r"\s+", " ", re.sub(r"\n(?=\||- |\d\. )", "\0", body))
    links = Counter(_target(page, each) for each in re.findall(r"\]\(([^)]+)\)", body))
    words = re.sub(r"\]\([^)]+\)|`[^`]+`", " ", body)
    return Section(
        len(marks),
        Counter(re.findall(r"`([^`]+)`", body)),
        links,
        Counter(re.findall(r"\d+(?:[.,-]\d+)*", words)),
        body.count("\0"),
    )


def _target(page: Path, link: str) -> str:
    if link.startswith(("https://", "#")):
        return link
    path = os.path.normpath(page.parent / link)
    original = TRANSLATIONS.get(Path(path.partition("#")[0]))
    return str(original) if original else path


@pytest.mark.parametrize("translation", TRANSLATIONS, ids=str)
def test_code_blocks_are_those_of_the_english_page(translation: Path) -> None:
    def blocks(page: Path) -> list[str]:
        return [match[0] for match in BLOCK.finditer(page.read_text())]

    assert blocks(translation) == blocks(TRANSLATIONS[translation]), (
        "python -m tests.support.pages copies them"
    )


@pytest.mark.parametrize("translation", TRANSLATIONS, ids=str)
def test_sections_say_the_same(translation: Path) -> None:
    original = TRANSLATIONS[translation]
    theirs, ours = _sections(original), _sections(translation)
    assert [each.level for each in ours] == [each.level for each in theirs], (
        "a heading is missing, or too many"
    )
    headings = re.findall(r"(?m)^#+ (.+)$", BLOCK.sub("", original.read_text()))
    differ = {
        heading: problems
        for heading, english, own in zip(headings, theirs, ours, strict=True)
        if (problems := _problems(english, own))
    }
    assert not differ, f"{translation} does not follow {original}"


def _problems(english: Section, own: Section) -> list[str]:
    """What to translate or to remove. A number in the translation may be a word in English."""
    compared = {
        "code": (english.code, own.code),
        "links": (english.links, own.links),
        "numbers": (english.numbers, own.numbers),
    }
    problems = []
    for name, (theirs, ours) in compared.items():
        problems += [f"{name} missing: {each}" for each in (theirs - ours)]
        if name != "numbers":
            problems += [f"{name} too many: {each}" for each in (ours - theirs)]
    if english.rows != own.rows:
        problems.append(f"{own.rows} rows and items instead of {english.rows}")
    return problems


@pytest.mark.parametrize("translation", TRANSLATIONS, ids=str)
def test_the_two_lead_to_each_other(translation: Path) -> None:
    original = TRANSLATIONS[translation]
    for page, other in ((translation, original), (original, translation)):
        assert f"]({os.path.relpath(other, page.parent)})" in page.read_text()
