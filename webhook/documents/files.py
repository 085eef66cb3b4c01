"""Manifests on disk: find them, read them, say where something in them is wrong."""

from __future__ import annotations

import codecs
import itertools
import json
import math
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from webhook.documents import yaml_tree
from webhook.documents.yaml_scanner import MAX_DEPTH
from webhook.documents.yaml_tree import DuplicateKey, Location, Node, YamlError
from webhook.errors import InputError

_SUFFIXES = (".yaml", ".yml", ".json")
# A marker at the start of a line always ends a document: block scalars are indented.
_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_DIRECTIVE = re.compile(r"\A\ufeff?(\s*(#.*)?\n)*%", re.ASCII)


@dataclass(frozen=True)
class Document:
    """One document of a file: its text to the letter, its data, and where in it everything stands."""

    source: str
    first_line: int
    text: str
    data: Any
    """As kubectl would read it: mappings, lists, strings, numbers, booleans, None."""
    first_column: int = 0
    """Where the text begins in its line, from 0: several objects of JSON may stand in one."""
    duplicate_keys: tuple[DuplicateKey, ...] = ()
    """Keys that are written twice."""

    @cached_property
    def root(self) -> Node | None:
        """Where everything stands. Raises InputError for JSON that YAML does not take."""
        try:
            return yaml_tree.parse(self.text, [])
        except YamlError as error:
            raise InputError(f"{self.at(error.line, error.column)}: {error}") from error

    def place(self, location: Location = ()) -> str:
        """`file:line:column` of a field, or of the innermost of its parents that is there."""
        try:
            node = yaml_tree.node_at(self.root, location)
        except InputError:
            node = None
        return self.at(node.line, node.column) if node else self.at(0, 0)

    def duplicate_key_problems(self) -> Iterator[tuple[str, str]]:
        """Of each key that is written twice its place, and what is wrong with it."""
        for each in self.duplicate_keys:
            first = self.first_line + each.first_line
            words = f"duplicate key {each.key!r}, which stands in line {first} already"
            yield self.at(each.line, each.column), words

    def at(self, line: int, column: int) -> str:
        column += self.first_column if line == 0 else 0
        return f"{self.source}:{self.first_line + line}:{column + 1}"


def manifest_paths(paths: Iterable[str]) -> Iterator[str]:
    """Files as given, the manifests of each directory in name order, and `-` for standard input."""
    for path in paths:
        if path == "-" or not Path(path).is_dir():
            yield path
            continue
        inside = sorted(entry for entry in Path(path).iterdir() if entry.suffix in _SUFFIXES)
        if not inside:
            raise InputError(f"{path}: no {', '.join(_SUFFIXES)} file in this directory")
        yield from map(str, inside)


def read_documents(paths: Iterable[str]) -> Iterator[Document]:
    """The documents of every file that `manifest_paths` yields. Raises InputError as `read_file` does."""
    for path in manifest_paths(paths):
        yield from read_file(path)


def read_file(path: str) -> list[Document]:
    """The documents of one file, in order; empty ones have None as data.

    Raises InputError naming file, line and column.
    """
    source = "<stdin>" if path == "-" else path
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        text = raw.decode()  # a byte order mark stays where it is
    except OSError as error:
        raise InputError(f"{source}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise InputError(f"{source}:1:1: UTF-16, which kubectl does not read: save it as UTF-8") from None
        before = raw[: error.start]
        line, column = before.count(b"\n") + 1, len(before) - before.rfind(b"\n")
        raise InputError(f"{source}:{line}:{column}: not UTF-8 at byte {error.start}") from error
    return list(_documents(source, text))


def _documents(source: str, text: str) -> Iterator[Document]:
    starts = [0, *(match.start() for match in _MARKER.finditer(text) if match.start()), len(text)]
    if _DIRECTIVE.match(text):  # a directive belongs to the document behind its marker
        del starts[1:2]
    line = 1
    for start, end in itertools.pairwise(starts):
        part = text[start:end]
        yield from _of_json(source, line, part) or [_of_yaml(source, line, part)]
        line += part.count("\n")


# A half may be without its other: YAML says where.
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_MAX_DIGITS = 18  # 64 bits


class _OddError(ValueError):
    """JSON that YAML reads otherwise, or refuses."""


def _of_json(source: str, line: int, text: str, column: int = 0) -> list[Document]:
    """What machines write is JSON and long: where something stands in it is found when somebody asks.

    Empty for what has to be read as YAML: everything that is not JSON, or is read otherwise there.
    """
    bare = text.removeprefix("\ufeff").strip()
    if not bare.startswith("{"):
        return []
    try:
        if not _HALF.search(text) and not _is_too_deep(data := _JSON.decode(bare)):
            return [Document(source, line, text, data, column)]
    except (ValueError, RecursionError):
        pass
    made = []
    pieces = _pieces(text)
    for piece in pieces[1:] and pieces:
        made += _of_json(source, line, piece, column) or [_of_yaml(source, line, piece, column)]
        line += piece.count("\n")
        column = len(piece) - piece.rfind("\n") - 1 + ("\n" not in piece) * column
    return made


_SPACE = re.compile(r"\s*")


def _pieces(text: str) -> list[str]:
    """The objects of JSON that stand one after the other, each with what is behind it in its line."""
    starts, at, end = [0], text.index("{"), len(text)
    try:
        while at < len(text):
            _, end = json.JSONDecoder().raw_decode(text, at)
            space = _SPACE.match(text, end)
            at = space.end() if space else end
            starts.append(text.rfind("\n", end, at) + 1 or at)
    except (ValueError, RecursionError):  # not JSON: YAML says where
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


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _OddError
    return made


def _integer(text: str) -> int:
    if len(text) > _MAX_DIGITS:
        raise _OddError
    return int(text)


def _float(text: str) -> float:
    if math.isinf(number := float(text)):
        raise _OddError
    return number


def _constant(text: str) -> Any:
    raise _OddError(text)


_JSON = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


def _of_yaml(source: str, line: int, text: str, column: int = 0) -> Document:
    duplicate_keys: list[DuplicateKey] = []
    try:
        root = yaml_tree.parse(text, duplicate_keys)
        document = Document(source, line, text, yaml_tree.plain(root), column, tuple(duplicate_keys))
    except YamlError as error:
        nowhere = Document(source, line, text, None, column)
        raise InputError(f"{nowhere.at(error.line, error.column)}: {error}") from error
    vars(document)["root"] = root  # where cached_property looks first
    return document


def field_path(location: Location) -> str:
    """`spec.containers[0].image`, as people write the way to a field."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).removeprefix(
        "."
    )
