"""Text from outside is short and printable."""

from __future__ import annotations

import pytest

from webhook.model.text import LIST_LENGTH, truncate, truncate_list


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("a\nb", 5, "a\\nb"),
        ("a\u202eb", 9, "a\\u202eb"),
        ("\n\n\n", 5, "\\n\\n…"),
        ("é☃", 2, "é☃"),
        ("", 1, ""),
    ],
)
def test_truncate(text: str, length: int, expected: str) -> None:
    assert truncate(text, length) == expected


def test_truncated_list_counts_what_it_leaves_out() -> None:
    assert truncate_list(["a", "b"]) == ("a", "b")
    assert truncate_list(["x" * 400] * 12) == (*["x" * 400] * 10, "… 2 more")
    assert sum(map(len, truncate_list(["\u202e" * 1000] * 100))) < LIST_LENGTH + len("… 100 more")
