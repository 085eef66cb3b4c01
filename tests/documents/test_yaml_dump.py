"""Data written as YAML and read back."""

from __future__ import annotations

import pytest

from webhook.documents import yaml_dump, yaml_tree


@pytest.mark.parametrize(
    "value",
    [
        "on",
        "Off",
        "~",
        "0400",
        "1e3",
        "1_0",
        "a: b",
        "- a",
        "# a",
        "é\n",
        "",
        "=",
        "<<",
        "1:30",
        "a\x85b",
        "\u2028",
        "\ufeffa",
    ],
)
def test_written_text_is_read_back_the_same(value: str) -> None:
    data = {"a": [value], "b": {"c": value}} | ({value: 1} if value != "<<" else {})
    assert yaml_tree.load(yaml_dump.dump(data)) == data
