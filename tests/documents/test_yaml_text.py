"""Data as text in the style of a document: strings that any YAML version could read otherwise are quoted."""

from __future__ import annotations

import pytest

from webhook.documents import yaml_tree
from webhook.documents.yaml_text import Style, style_of

YAML, JSON = Style(is_json=False, dash_offset=0), Style(is_json=True, dash_offset=0)


@pytest.mark.parametrize(
    ("value", "in_yaml", "in_json"),
    [
        ("text", "text", '"text"'),
        ("100m", "100m", '"100m"'),
        ("on", '"on"', '"on"'),
        ("0400", '"0400"', '"0400"'),
        ("a: b", '"a: b"', '"a: b"'),
        ('{"a":["b"]}', """'{"a":["b"]}'""", '"{\\"a\\":[\\"b\\"]}"'),
        ('it\'s "x"', "'it''s \"x\"'", '"it\'s \\"x\\""'),
        ("\x85", '"\\u0085"', '"\\u0085"'),
        (True, "true", "true"),
        (None, "null", "null"),
        ([1, "on"], '[1, "on"]', '[1, "on"]'),
        ({"on": []}, '{"on": []}', '{"on": []}'),
    ],
)
def test_inline(value: object, in_yaml: str, in_json: str) -> None:
    assert (YAML.inline(value), JSON.inline(value)) == (in_yaml, in_json)


@pytest.mark.parametrize(
    ("offset", "lines"),
    [
        (0, ["a:", "- b: 1", "  c: []", "- d"]),
        (2, ["a:", "  - b: 1", "    c: []", "  - d"]),
    ],
)
def test_block(offset: int, lines: list[str]) -> None:
    assert [*Style(is_json=False, dash_offset=offset).block({"a": [{"b": 1, "c": []}, "d"]})] == lines


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("a:\n- b\n", Style(is_json=False, dash_offset=0)),
        ("a:\n  - b\n", Style(is_json=False, dash_offset=2)),
        ("a:\n  b:\n    - c\n  d:\n  - e\n", Style(is_json=False, dash_offset=2)),
        ("a: [b]\n", Style(is_json=False, dash_offset=0)),
        ('\ufeff {"a": []}', Style(is_json=True, dash_offset=0)),
    ],
)
def test_style_of(text: str, style: Style) -> None:
    assert style_of(text, yaml_tree.parse(text)) == style
