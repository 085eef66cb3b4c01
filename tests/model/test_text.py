"""Text from outside is short and printable."""

from __future__ import annotations

import pytest

from webhook.model.text import LIST_LENGTH, truncate, truncate_list, value_text


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


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("250m", "250m"),
        ({"resourceName": "cpu", "restartPolicy": "NotRequired"}, "NotRequired"),
        ({"key": "a", "operator": "Exists", "effect": "NoSchedule"}, "a Exists NoSchedule"),
        ({"key": "disk", "operator": "In", "values": ["ssd", "nvme"]}, "disk In (ssd, nvme)"),
        (
            {
                "weight": 5,
                "preference": {"matchExpressions": [{"key": "a", "operator": "Exists"}, {"key": "b"}]},
            },
            "a Exists and b, weight 5",
        ),
    ],
)
def test_value_in_one_line(value: object, text: str) -> None:
    assert value_text(value) == text
