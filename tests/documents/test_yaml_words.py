"""Each text is refused by the real parser, and the message says what to change."""

from __future__ import annotations

import pytest

from webhook.documents.yaml_tree import YamlError, parse
from webhook.documents.yaml_words import plain_words


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        pytest.param("a: 1\nb\n", (2, 0), "a key without `:`", id="a key alone"),
        pytest.param("a: b: c\n", (0, 4), "`:` cannot stand here: quote the value, or indent otherwise", id="two colons"),
        pytest.param("a: - b\n", (0, 3), "correct the indentation", id="a dash behind a key"),
        pytest.param("a:\n    b: 1\n  c: 2\n", (2, 2), "correct the indentation: no line above begins in this column", id="a key between two columns"),
        pytest.param("a: [1, 2\nb: 3\n", (1, 1), "`,` or `]` is missing", id="an open list"),
        pytest.param("a: {b: 1\nc: 2\n", (1, 1), "`,` or `}` is missing", id="an open mapping"),
        pytest.param("a: [\n", (1, 0), "a value is missing", id="an empty open list"),
        pytest.param("a:\n\tb: 1\n", (1, 0), "a tab: YAML is indented with spaces", id="a tab"),
        pytest.param("a: @b\n", (0, 3), "a value cannot begin with '@': quote it", id="an at sign"),
        pytest.param('a: "b\n', (1, 0), "the closing quote is missing", id="an open quote"),
        pytest.param('a: "\\d"\n', (0, 5), "\\d means nothing in double quotes: take single quotes", id="a regular expression"),
    ],
)  # fmt: skip
def test_says_what_to_change(text: str, position: tuple[int, int], words: str) -> None:
    with pytest.raises(YamlError) as raised:
        parse(text, [])
    assert ((raised.value.line, raised.value.column), str(raised.value)) == (position, words)


def test_a_rare_problem_keeps_its_words() -> None:
    assert plain_words("found duplicate YAML directive") == "found duplicate YAML directive"
