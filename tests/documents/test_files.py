"""Files are read as kubectl reads them; JSON means what it means as YAML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from webhook.documents import yaml_tree
from webhook.documents.files import read_file
from webhook.documents.problems import Problem
from webhook.errors import InputError
from webhook.model.place import Place


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"a": {"b": [1, -2, 0.5, 1e3, true, false, null, "x", ""]}, "c": "\\u00e9\\n\\/"}', id="all kinds"),
        pytest.param('{"a": "\\ud83d\\ude00"}', id="a surrogate pair"),
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
    (document,) = read_file(str(file))
    assert document.data == yaml_tree.plain(yaml_tree.parse(text))


@pytest.mark.parametrize("text", ['{"a": "\\ud83d\\ude00"}', 'a: "\\ud83d\\ude00"'])
def test_surrogate_pairs_are_joined(text: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(text)
    assert [document.data for document in read_file(str(file))] == [{"a": "\N{GRINNING FACE}"}]


def test_several_documents_of_json(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{"a": 1}\n---\n{"a": 2}\n')
    assert [document.data for document in read_file(str(file)) if document.data] == [{"a": 1}, {"a": 2}]


UTF_16 = "a: 1\n".encode("utf-16")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b'{"a":\n "\\ud83d"}', "2:2: half of a UTF-16 surrogate pair", id="half a surrogate pair"),
        pytest.param(b"a: 1\nb: x\0y\n", "2:5: control character U+0000", id="a NUL byte"),
        pytest.param(b"a: 1\n---\nb: 2\nc: \x1b[31m\n", "4:4: control character U+001B", id="an escape in the second document"),
        pytest.param(b"a: 1\nb: \xff\n", "2:4: not UTF-8 at byte 8", id="another encoding"),
        pytest.param(UTF_16, "1:1: UTF-16, which kubectl does not accept: save it as UTF-8", id="UTF-16 with a BOM"),
        pytest.param(b"a:\n" + b"[" * 500 + b"]" * 500, "2:201: nested more than 200 deep", id="500 lists in lists"),
        pytest.param(b'{"a":\n' + b"[" * 500 + b"]" * 500 + b"}", "2:200: nested more than 200 deep", id="500 lists in lists in JSON"),
        pytest.param(b"".join(b" " * n + b"a:\n" for n in range(500)), "200:200: nested more than 200 deep", id="500 mappings in mappings"),
        pytest.param(b"[" * 100_000, "1:201: nested more than 200 deep", id="100,000 open brackets"),
        pytest.param(b'{"a": 1}\n{"a": 2,}x\n', "2:1: expected", id="other text after JSON"),
        pytest.param(b'{"a": 1} {"b": "\\ud83d"}', "1:16: half of a UTF-16 surrogate pair", id="half a surrogate pair in the second object of a line"),
        pytest.param(b"a:\n\tb: 1\n", "2:1: a tab: YAML is indented with spaces", id="a tab that indents"),
        pytest.param(b"a:\n  ~: 1\n", "2:3: a key must be a string", id="null as a key"),
        pytest.param(b"a: !!int x\n", "1:4: 'x' is not !!int", id="a tag that its value contradicts"),
        pytest.param(b"a:\n  <<: 3\n", "2:7: only a mapping, or a list of mappings, can be merged", id="a number that is merged"),
    ],
)  # fmt: skip
def test_unreadable_text_is_reported_with_its_place(content: bytes, words: str, tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(content)
    with pytest.raises(InputError, match=re.escape(f"a.yaml:{words}")):
        read_file(str(file))


@pytest.mark.parametrize(
    ("text", "data"),
    [
        pytest.param('{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}], id="JSON objects one after the other"),
        pytest.param('{"a": 1}{"a": 2,\n "a": 3} {"b": "}{"}', [{"a": 1}, {"a": 3}, {"b": "}{"}], id="JSON objects in one line"),
        pytest.param("a: 1\t\nb:\t2\nc: x\t# y\nd: [1,\t2]\t\ne:\t\n  f: x\ty\ng: |\t\n  x\n", [{"a": 1, "b": 2, "c": "x", "d": [1, 2], "e": {"f": "x\ty"}, "g": "x\n"}], id="tabs after values"),
        pytest.param("\ufeffa: 1\n", [{"a": 1}], id="a byte order mark"),
        pytest.param('\ufeff{"a": 1}', [{"a": 1}], id="a byte order mark before JSON"),
        pytest.param("a: 1\n---\n\ufeffb: 1\n", [{"a": 1}, {"b": 1}], id="a byte order mark in the second document"),
        pytest.param("b: &b {x: 1}\nk:\n  <<: *b\n  on: 2\n  1.10: 3\n  0400: 4\n", [{"b": {"x": 1}, "k": {"x": 1, "true": 2, "1.1": 3, "256": 4}}], id="keys that are not strings beside a merge"),
        pytest.param("k: {x: 2, z: 3, <<: [{x: 1}, {x: 4, w: 5}]}\n", [{"k": {"x": 1, "w": 5, "z": 3}}], id="a merge after a key"),
        pytest.param("a: !!map {b: !!str 3}\nc: !!int '3'\nd: !x 3\ne: !!binary aGk=\n", [{"a": {"b": "3"}, "c": 3, "d": "3", "e": "hi"}], id="tags"),
    ],
)  # fmt: skip
def test_files_are_read_as_kubectl_reads_them(text: str, data: list[object], tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(text.encode())
    documents = read_file(str(file))
    assert [document.data for document in documents] == data
    assert "".join(document.text for document in documents) == text


def test_the_last_of_duplicate_keys_is_taken_and_reported(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text("x: 1\n---\na:\n  b: 1\n  yes: 1\n  b: 2\n  true: 2\n")
    document = read_file(str(file))[1]
    assert document.data == {"a": {"b": 2, "true": 2}}
    assert document.place(("a", "b")) == Place(str(file), 6, 3)
    assert [*map(str, document.duplicate_key_problems())] == [
        f"{file}:6:3: duplicate key 'b', first set in line 4",
        f"{file}:7:3: duplicate key 'true', first set in line 5",
    ]


def test_places_in_json_are_computed_when_needed(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('{\n "a": {\n  "b": 1}}')
    (document,) = read_file(str(file))
    assert document.place(("a", "b")) == Place(str(file), 3, 3)


def test_places_in_json_that_yaml_refuses_are_known(tmp_path: Path) -> None:
    """YAML takes no key of more than 1,024 characters."""
    file, key = tmp_path / "a.json", "k" * 2000
    file.write_text(f'{{"{key}": 1}}')
    (document,) = read_file(str(file))
    assert document.data == {key: 1}
    assert document.place((key,)) == Place(str(file), 1, 2)


def test_files_are_read_as_another_parser_reads_them() -> None:
    for file in sorted([*Path("examples").rglob("*.yaml"), *Path("manifests").rglob("*.yaml")]):
        theirs = [each for each in YAML(typ="safe", pure=True).load_all(file.read_text()) if each is not None]
        assert [each.data for each in read_file(str(file)) if each.data is not None] == theirs


def test_a_name_that_no_output_can_hold_is_a_problem(tmp_path: Path) -> None:
    path = f"{tmp_path}/\udcff.yaml"
    problems: list[Problem] = []
    assert read_file(path, problems.append) == []
    assert [(each.place.file, each.message) for each in problems] == [
        (f"{tmp_path}/\\udcff.yaml", "the name is not UTF-8: rename it")
    ]
