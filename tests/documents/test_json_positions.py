"""Positions in JSON are those that the YAML parser gives, which reads the whole text."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from webhook.documents import yaml_tree
from webhook.documents.json_positions import JsonPositions

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text('ab" \\{}[],:é', max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab",', max_size=2), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


def _locations(value: object, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [
        at,
        (*at, "missing"),
        *(each for key, inner in children for each in _locations(inner, (*at, key))),
    ]


@given(value=st.dictionaries(st.text("ab", max_size=2), _VALUES), indent=st.sampled_from([None, 1, 2]))
def test_they_agree_with_the_tree_of_the_text(value: dict[str, object], indent: int | None) -> None:
    text = f"\ufeff\n {json.dumps(value, indent=indent)}\n"
    root, positions = yaml_tree.parse(text), JsonPositions(text)
    for location in _locations(value):
        node = yaml_tree.node_at(root, location)
        assert node
        assert positions.find(location) == (node.line, node.column), location


def test_a_byte_order_mark_is_no_column() -> None:
    assert JsonPositions('\ufeff{"a": {"b": 1}}').find(("a", "b")) == (0, 7)
