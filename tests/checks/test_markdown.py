"""A comment for a pull request, rendered by a Markdown parser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from webhook.checks import markdown
from webhook.checks.result import Level, Result
from webhook.model.place import Place

PARSER = MarkdownIt("commonmark").enable("table")
RESULT = Result(
    rule="violation",
    level=Level.ERROR,
    message="too much",
    place=Place("a.yaml", 7, 5),
    object="Deployment shop/web",
    diff=" spec:\n-  a: 1\n+  a: 2\n",
)


def test_a_comment_has_the_sum_a_table_and_the_diffs() -> None:
    passed = Result(rule="pass", level=Level.PASSED, object="Pod shop/a")
    text = markdown.write([passed, RESULT], title="podtailor audit", headline="1 of 2 owners would change")
    assert text == (
        "### podtailor audit\n\n"
        "**Failed**: 1 violation, 1 passed. 1 of 2 owners would change.\n\n"
        "| | finding | object | place | what |\n"
        "|---|---|---|---|---|\n"
        "| :x: | [violation](https://podtailor.dev/docs/messages.md#violation) | `Deployment shop/web` | `a.yaml:7:5` | `too much` |\n"
        "\n<details><summary><code>a.yaml: Deployment shop/web</code></summary>\n\n"
        "```diff\n spec:\n-  a: 1\n+  a: 2\n```\n\n</details>\n"
    )


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([], "**Passed**: nothing was checked."),
        ([Result(rule="pass", level=Level.PASSED, object=each) for each in "abc"], "**Passed**: 3 passed."),
        ([Result(rule="conflict", level=Level.WARNING)], "**Passed**: 1 conflict."),
    ],
)
def test_without_a_failure_it_passes(results: list[Result], expected: str) -> None:
    assert expected in markdown.write(results)


def _cells(results: list[Result]) -> list[str]:
    tokens = PARSER.parse(markdown.write(results))
    codes = []
    for token in tokens:
        codes += [child.content for child in token.children or () if child.type == "code_inline"]
        assert not any(child.type in ("html_inline", "image") for child in token.children or ())
    return codes


# Others are shown as a replacement character.
PRINTABLE = st.text(st.characters(exclude_categories=("C", "Z")) | st.sampled_from(" \n|`*_@#<>[]()\\"))


@given(PRINTABLE, PRINTABLE.filter(str.strip))
def test_nothing_that_users_write_is_markup(message: str, name: str) -> None:
    result = Result(rule="violation", level=Level.ERROR, message=message, object=name)
    assert " ".join(_cells([result])).split() == f"{name} {message}".split()


def test_control_characters_are_not_written() -> None:
    result = Result(rule="violation", level=Level.ERROR, message="a\x1b[31m\u202eb")
    assert "| `a\ufffd[31m\ufffdb` |" in markdown.write([result])


@given(st.text(alphabet="`~\n <>&\"'abc-+"))
def test_a_diff_stays_in_its_block(diff: str) -> None:
    tokens = PARSER.parse(markdown.write([Result(rule="violation", level=Level.ERROR, diff=f"+{diff}")]))
    (block,) = [token for token in tokens if token.type == "fence"]
    assert block.content == f"+{diff}".rstrip() + "\n"
    assert tokens[-1].content == "</details>\n"


@pytest.mark.parametrize(
    ("rows", "diff", "note"),
    [
        (3, "+x\n" * 30_000, "3 diffs left out"),
        (600, "+x\n", "diffs left out"),
        (5_000, "", "findings left out"),
        (5_000, "+x\n", "findings and 5000 diffs left out"),
    ],
)
def test_a_long_comment_is_cut_and_says_so(rows: int, diff: str, note: str) -> None:
    results = [
        Result(rule="violation", level=Level.ERROR, message="m" * 20, object=f"Pod {each}", diff=diff)
        for each in range(rows)
    ]
    text = markdown.write(results)
    assert len(text) <= markdown.MAX_LENGTH
    assert note in text
    assert f"{rows} violation" in text


def test_no_name_ends_the_html_around_it() -> None:
    """As a blank line would: https://spec.commonmark.org/0.31.2/#html-blocks."""
    name = "Pod a\n\n![x](https://example.com/x.png)"
    text = markdown.write([Result(rule="violation", level=Level.ERROR, object=name, diff="+a\n")])
    assert "<code>Pod a ![x](https://example.com/x.png)</code></summary>" in text
