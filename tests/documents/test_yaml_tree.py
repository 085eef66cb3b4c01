"""YAML as a tree with positions, and as the data that kubectl reads; written, it is read back the same."""

from __future__ import annotations

import pytest

from webhook.documents import yaml_tree


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: *x\n", "undefined alias x"),
        ("? [a]\n: b\n", "a key must be a string"),
        ("a: 1\na: 2\n", "duplicate key 'a'"),
        ("[" * 700, "."),
        ("a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}]\n" for a, b in zip("abcdefghijkl", "bcdefghijklm", strict=True)), "too large"),
    ],
)  # fmt: skip
def test_invalid_yaml_is_an_error(text: str, words: str) -> None:
    with pytest.raises(yaml_tree.YamlError, match=words):
        yaml_tree.load(text)


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ((), (0, 0)),
        (("a",), (0, 0)),
        (("a", "b"), (1, 2)),
        (("a", "b", 1), (2, 4)),
        (("a", "b", 9), (1, 2)),
        (("a", "c"), (0, 0)),
    ],
)
def test_position_of_what_is_missing_is_that_of_its_parent(
    location: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    node = yaml_tree.node_at(yaml_tree.parse("a:\n  b: [1,\n    2]\n"), location)
    assert node is not None
    assert (node.line, node.column) == place
