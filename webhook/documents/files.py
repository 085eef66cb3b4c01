"""Manifests on disk: find them, read them, and give the place of each field for error messages."""

from __future__ import annotations

import codecs
import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from webhook.documents import json_data, yaml_tree
from webhook.documents.find import Inputs, find_files
from webhook.documents.json_positions import JsonPositions
from webhook.documents.problems import InvalidInputError, OnProblem, Problem, ProblemName, raise_problem
from webhook.documents.rendering import chart_template, template_problem, with_command
from webhook.documents.yaml_tree import DuplicateKey, Location, Node, YamlError
from webhook.errors import InputError
from webhook.model.place import STDIN, Place

NO_INPUTS = Inputs()
# Always a document marker: the lines of block scalars are indented.
_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_DIRECTIVE = re.compile(r"\A\ufeff?(\s*(#.*)?\n)*%", re.ASCII)


@dataclass(frozen=True)
class Document:
    """One document of a file: its exact text, its data, and the place of each field."""

    source: str
    first_line: int
    text: str
    data: Any
    """As kubectl reads it: mappings, lists, strings, numbers, booleans, None; None too if it is not YAML."""
    first_column: int = field(default=0, kw_only=True)
    """Column of the start of the text, from 0: one line may hold several JSON objects."""
    duplicate_keys: tuple[DuplicateKey, ...] = field(default=(), kw_only=True)
    is_json: bool = field(default=False, kw_only=True)
    """Whether the text is JSON, with one object."""
    is_rendered: bool = field(default=False, kw_only=True)
    """Whether a tool printed it: then no file has it."""

    @cached_property
    def root(self) -> Node | None:
        """The tree with the position of each value. Raises InputError for JSON that is not valid YAML."""
        try:
            return yaml_tree.parse(self.text, [])
        except YamlError as error:
            raise InvalidInputError(_invalid_yaml(self, error)) from error

    @cached_property
    def _json_positions(self) -> JsonPositions:
        return JsonPositions(self.text)

    def place(self, location: Location = ()) -> Place:
        """Of a field, or of its innermost parent that exists."""
        if self.is_rendered:
            return self.at(0, 0)
        if self.is_json:
            return self.at(*self._json_positions.find(location))
        try:
            node = yaml_tree.node_at(self.root, location)
        except InputError:
            node = None
        return self.at(node.line, node.column) if node else self.at(0, 0)

    def duplicate_key_problems(self) -> Iterator[Problem]:
        for each in self.duplicate_keys:
            first = self.first_line + each.first_line
            message = f"duplicate key {each.key!r}, first set in line {first}"
            yield Problem(ProblemName.DUPLICATE_KEY, self.at(each.line, each.column), message)

    def at(self, line: int, column: int) -> Place:
        """Of a position in the text. The arguments count from 0."""
        if self.is_rendered:
            return Place(self.source, object=_name(self.data))
        column += self.first_column if line == 0 else 0
        return Place(self.source, self.first_line + line, column + 1)


def _name(data: Any) -> str:
    """Kind and name of an object."""
    if not isinstance(data, dict):
        return ""
    metadata = data.get("metadata")
    name = metadata.get("name") if isinstance(metadata, dict) else None
    return " ".join(str(each) for each in (data.get("kind"), name) if each)


def _invalid_yaml(document: Document, error: YamlError) -> Problem:
    place = document.at(error.line, error.column)
    return template_problem(place, document.text) or Problem(ProblemName.INVALID_YAML, place, str(error))


def read_documents(inputs: Inputs, on_problem: OnProblem = raise_problem) -> Iterator[Document]:
    """The documents of all files, without those of a kustomization."""
    for path in find_files(inputs, on_problem):
        yield from read_file(path, on_problem, inputs)


def read_all(paths: Iterable[str]) -> list[Document]:
    """The documents of every file. Raises InvalidInputError with the problems of all."""
    problems: list[Problem] = []
    documents = [*read_documents(Inputs(tuple(paths)), problems.append)]
    if problems:
        raise InvalidInputError(*problems)
    return documents


def read_file(path: str, on_problem: OnProblem = raise_problem, inputs: Inputs = NO_INPUTS) -> list[Document]:
    """The documents of one file, in order: their texts together are its text.

    The data of an empty document is None, and of one that is not YAML, which is a problem. `inputs` says for
    which command it is read.
    """
    if name_problem := _unprintable_name(path):
        on_problem(name_problem)
        return []
    source = STDIN if path == "-" else path
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
    except OSError as error:
        on_problem(_unreadable(Place(source), str(error.strerror)))
        return []
    try:
        text = raw.decode()  # keeps a byte order mark
    except UnicodeDecodeError as error:
        on_problem(_not_utf_8(source, raw, error.start))
        return []
    if problem := chart_template(path, text, inputs.command):
        on_problem(problem)
        return []

    def report(problem: Problem) -> object:
        return on_problem(with_command(problem, inputs.command))

    return list(_documents(source, text, report))


def parse_rendered(source: str, text: str, on_problem: OnProblem) -> list[Document]:
    """The documents that a tool has rendered: their lines are in no file, so places name the objects."""
    return [replace(each, is_rendered=True) for each in _documents(source, text, on_problem)]


def _unprintable_name(path: str) -> Problem | None:
    """No format of output can hold a name that is not UTF-8."""
    shown = path.encode(errors="backslashreplace").decode()
    return None if shown == path else _unreadable(Place(shown), "the name is not UTF-8: rename it")


def _not_utf_8(source: str, raw: bytes, at: int) -> Problem:
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _unreadable(Place(source, 1, 1), "UTF-16, which kubectl does not accept: save it as UTF-8")
    before = raw[:at]
    line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
    return _unreadable(Place(source, line, column), f"not UTF-8 at byte {at}")


def _unreadable(place: Place, message: str) -> Problem:
    return Problem(ProblemName.UNREADABLE_FILE, place, message)


def _documents(source: str, text: str, on_problem: OnProblem) -> Iterator[Document]:
    starts = [0, *(match.start() for match in _MARKER.finditer(text) if match.start()), len(text)]
    if _DIRECTIVE.match(text):  # a directive belongs to the document after the marker
        del starts[1:2]
    line = 1
    for start, end in itertools.pairwise(starts):
        part = text[start:end]
        yield from _json_documents(source, line, part, on_problem) or [
            _yaml_document(source, line, part, on_problem)
        ]
        line += part.count("\n")


def _json_documents(
    source: str, line: int, text: str, on_problem: OnProblem, column: int = 0
) -> list[Document]:
    """The JSON objects of a text; empty if it must be read as YAML, as text that YAML reads differently.

    JSON is written by programs and can be long, so positions in it are computed only when needed.
    """
    try:
        return [Document(source, line, text, json_data.decode(text), first_column=column, is_json=True)]
    except json_data.DiffersFromYamlError:
        pass
    documents = []
    parts = json_data.concatenated_objects(text)
    for part in parts[1:] and parts:
        documents += _json_documents(source, line, part, on_problem, column) or [
            _yaml_document(source, line, part, on_problem, column)
        ]
        line += part.count("\n")
        column = len(part) - part.rfind("\n") - 1 + ("\n" not in part) * column
    return documents


def _yaml_document(source: str, line: int, text: str, on_problem: OnProblem, column: int = 0) -> Document:
    duplicate_keys: list[DuplicateKey] = []
    try:
        root = yaml_tree.parse(text, duplicate_keys)
        document = Document(
            source,
            line,
            text,
            yaml_tree.plain(root),
            first_column=column,
            duplicate_keys=tuple(duplicate_keys),
        )
    except YamlError as error:
        unread = Document(source, line, text, None, first_column=column)
        on_problem(_invalid_yaml(unread, error))
        return unread
    vars(document)["root"] = root  # fills the cached property
    return document


def field_path(location: Location) -> str:
    """As in `spec.containers[0].image`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).removeprefix(
        "."
    )
