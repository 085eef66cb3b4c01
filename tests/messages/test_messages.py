"""The paragraphs are whole, short and complete: one for each name in the code, and none more."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from tools import messages as page
from webhook.audit.findings import WORST_FIRST
from webhook.messages import MESSAGES, PAGE, SECTIONS
from webhook.messages.findings import FINDINGS
from webhook.messages.message import Message

ALL = [message for section in SECTIONS.values() for message in section]


def test_page_is_what_the_code_says() -> None:
    assert Path(PAGE).read_text() == page.text(), "run make generate"


def test_no_name_has_two_paragraphs() -> None:
    names = Counter(message.name.lower() for message in ALL)
    assert [name for name, count in names.items() if count > 1] == []


def test_every_finding_has_a_paragraph() -> None:
    assert [each.name for each in FINDINGS] == list(WORST_FIRST)
    assert all(MESSAGES[finding] is finding.message for finding in WORST_FIRST)


@pytest.mark.parametrize("message", ALL, ids=[each.name for each in ALL])
def test_paragraph_is_short_and_says_what_to_do(message: Message) -> None:
    assert re.fullmatch(r"[a-zA-Z0-9]+(-[a-z0-9]+)*", message.name)
    assert len(message.title) <= 53
    assert not message.title.endswith(".")
    for part in (message.meaning, message.action):
        assert re.match(r"[A-Z`]|podtailor ", part)
        assert part.endswith(".")
    sentences = re.findall(r"\.(?: |$)", message.text)
    assert 2 <= len(sentences) <= 5


def test_audit_page_has_the_meanings_of_the_findings() -> None:
    rows = re.findall(
        r"^\| \[`([\w-]+)`\]\(messages\.md#([\w-]+)\) \| (.+) \| \d",
        Path("docs/audit.md").read_text(),
        re.MULTILINE,
    )
    assert rows == [(each.name, each.name, each.meaning) for each in FINDINGS]
