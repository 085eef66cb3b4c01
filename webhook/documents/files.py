"""Manifests on disk: find them, read them, and give the place of each field for error messages."""

from __future__ import annotations

import codecs
import itertools
import json
import math
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from webhook.documents import yaml_tree
from webhook.documents.problems import InvalidInputError, OnProblem, Problem, ProblemName, raise_problem
from webhook.documents.yaml_scanner import MAX_DEPTH
from webhook.documents.yaml_tree import DuplicateKey, Location, Node, YamlError
from webhook.errors import InputError
from webhook.model.place import Place

_SUFFIXES = (".yaml", ".yml", ".json")
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

    @cached_property
    def root(self) -> Node | None:
        """The tree with the position of each value. Raises InputError for JSON that is not valid YAML."""
        try:
            return yaml_tree.parse(self.text, [])
        except YamlError as error:
            raise InvalidInputError(_invalid_yaml(self, error)) from error

    def place(self, location: Location = ()) -> Place:
        """Of a field, or of its innermost parent that exists."""
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
        column += self.first_column if line == 0 else 0
        return Place(self.source, self.first_line + line, column + 1)


def _invalid_yaml(document: Document, error: YamlError) -> Problem:
    return Problem(ProblemName.INVALID_YAML, document.at(error.line, error.column), str(error))


def manifest_paths(paths: Iterable[str], on_problem: OnProblem = raise_problem) -> Iterator[str]:
    """Files and `-` (standard input) as given; directories as their manifests, sorted by name.

    A directory without manifests is a problem.
    """
    for path in paths:
        if path == "-" or not Path(path).is_dir():
            yield path
            continue
        manifests = sorted(entry for entry in Path(path).iterdir() if entry.suffix in _SUFFIXES)
        if not manifests:
            message = f"no {', '.join(_SUFFIXES)} file in this directory"
            on_problem(Problem(ProblemName.NO_MANIFESTS, Place(path), message))
        yield from map(str, manifests)


def read_documents(paths: Iterable[str], on_problem: OnProblem = raise_problem) -> Iterator[Document]:
    """The documents of every file that `manifest_paths` yields."""
    for path in manifest_paths(paths, on_problem):
        yield from read_file(path, on_problem)


def read_all(paths: Iterable[str]) -> list[Document]:
    """The documents of every file. Raises InvalidInputError with the problems of all."""
    problems: list[Problem] = []
    documents = [*read_documents(paths, problems.append)]
    if problems:
        raise InvalidInputError(*problems)
    return documents


def read_file(path: str, on_problem: OnProblem = raise_problem) -> list[Document]:
    """The documents of one file, in order: their texts together are its text.

    The data of an empty document is None, and of one that is not YAML, which is a problem.
    """
    source = "<stdin>" if path == "-" else path
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
    return list(_documents(source, text, on_problem))


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


# One half of a surrogate pair. The other may be missing: the YAML parser reports where.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_MAX_DIGITS = 18  # 64 bits


class _DiffersFromYamlError(ValueError):
    """JSON that YAML reads differently, or refuses."""


def _json_documents(
    source: str, line: int, text: str, on_problem: OnProblem, column: int = 0
) -> list[Document]:
    """The JSON objects of a text; empty if it must be read as YAML, as text that YAML reads differently.

    JSON is written by programs and can be long, so positions in it are computed only when needed.
    """
    bare = text.removeprefix("\ufeff").strip()
    if not bare.startswith("{"):
        return []
    try:
        if not _SURROGATE.search(text) and not _is_too_deep(data := _JSON.decode(bare)):
            return [Document(source, line, text, data, first_column=column)]
    except (ValueError, RecursionError):
        pass
    documents = []
    parts = _concatenated_objects(text)
    for part in parts[1:] and parts:
        documents += _json_documents(source, line, part, on_problem, column) or [
            _yaml_document(source, line, part, on_problem, column)
        ]
        line += part.count("\n")
        column = len(part) - part.rfind("\n") - 1 + ("\n" not in part) * column
    return documents


_SPACE = re.compile(r"\s*")


def _concatenated_objects(text: str) -> list[str]:
    """JSON objects that follow one another, each with the rest of its line; empty if it is not JSON."""
    starts, at, end = [0], text.index("{"), len(text)
    try:
        while at < len(text):
            _, end = json.JSONDecoder().raw_decode(text, at)
            space = _SPACE.match(text, end)
            at = space.end() if space else end
            starts.append(text.rfind("\n", end, at) + 1 or at)
    except (ValueError, RecursionError):  # not JSON: the YAML parser reports where
        return []
    return [text[start:end] for start, end in itertools.pairwise([*starts[:-1], len(text)])]


def _is_too_deep(data: Any) -> bool:
    level, depth = [data], 0
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
    return depth > MAX_DEPTH


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):  # duplicate keys have warnings of their own
        raise _DiffersFromYamlError
    return mapping


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise _DiffersFromYamlError
    return int(text)


def _float(text: str) -> float:
    if math.isinf(number := float(text)):
        raise _DiffersFromYamlError
    return number


def _constant(text: str) -> Any:
    raise _DiffersFromYamlError(text)


_JSON = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


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
