"""JSON without characters that YAML parsers refuse or terminals interpret."""

from __future__ import annotations

import json

import pytest

from webhook.documents import yaml_tree
from webhook.documents.json_text import escape_controls


@pytest.mark.parametrize("text", ["\x7f", "\x85\x9b31m", "\u2028\u2029", "\ufeff", "\ufffe\uffff", "é☃"])
def test_escaped_text_means_the_same(text: str) -> None:
    escaped = escape_controls(json.dumps([text], ensure_ascii=False))
    assert escaped.isprintable()
    assert json.loads(escaped) == yaml_tree.load(escaped) == [text]
