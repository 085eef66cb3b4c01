"""JSON manifests mean what they mean as YAML, and what YAML refuses in them is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from webhook import yaml_tree
from webhook.files import InputError, read


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"a": {"b": [1, -2, 0.5, 1e3, true, false, null, "x", ""]}, "c": "\\u00e9\\n\\/"}', id="all kinds"),
        pytest.param('{"a": "\\ud83d\\ude00"}', id="a character in two halves"),
        pytest.param('{"a": 123456789012345678901234567890}', id="more than 64 bits"),
        pytest.param('{"a": 1e999}', id="more than a float"),
        pytest.param('{"a": NaN}', id="not JSON"),
        pytest.param('{"a": "---\\n"}', id="a marker in a string"),
        pytest.param('\n {"a": 1} \n', id="white space around"),
    ],
)  # fmt: skip
def test_json_is_read_as_yaml_is(text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    (document,) = read(str(file))
    assert document.data == yaml_tree.plain(yaml_tree.parse(text))


@pytest.mark.parametrize("text", ['{"a": "\\ud83d\\ude00"}', 'a: "\\ud83d\\ude00"'])
def test_characters_in_two_halves_are_put_together(text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    assert [document.data for document in read(str(file))] == [{"a": "\N{GRINNING FACE}"}]


def test_several_documents_of_json(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"a": 1}\n---\n{"a": 2}\n')
    assert [document.data for document in read(str(file)) if document.data] == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param('{"a": {"b": 1,\n "b": 2}}', "duplicate key 'b'", id="duplicate key"),
        pytest.param('{"a":\n "\\ud83d"}', "half of a character", id="half a character"),
    ],
)
def test_what_yaml_refuses_in_json_is_refused(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(text)
    with pytest.raises(InputError, match=rf"a\.json:2:2: {said}"):
        read(str(file))


def test_places_in_json_are_found_when_they_are_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{\n "a": {\n  "b": 1}}')
    (document,) = read(str(file))
    assert document.place(("a", "b")) == f"{file}:3:3"


def test_json_that_yaml_refuses_begins_where_its_document_begins(tmp_path: Path) -> None:
    """YAML takes no key of more than 1,024 characters."""
    file, key = tmp_path / "a.json", "k" * 2000
    file.write_text(f'{{"{key}": 1}}')
    (document,) = read(str(file))
    assert document.data == {key: 1}
    assert document.place((key,)) == f"{file}:1:1"
