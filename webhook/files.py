"""Manifests on disk: find them, read them, say where something in them is wrong."""

from __future__ import annotations

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

from webhook import yaml_tree
from webhook.yaml_tree import Location, Node, YamlError

_SUFFIXES = (".yaml", ".yml", ".json")
# A marker at the start of a line always ends a document: block scalars are indented.
_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_DIRECTIVE = re.compile(r"\A(\s*(#.*)?\n)*%", re.ASCII)


class InputError(Exception):
    """Something given by the user cannot be used. The message starts with `file:line:column:` where known."""


@dataclass(frozen=True)
class Document:
    """One document of a file: its text to the letter, its data, and where in it everything stands."""

    source: str
    first_line: int
    text: str
    data: Any
    """As kubectl would read it: mappings, lists, strings, numbers, booleans, None."""

    @cached_property
    def root(self) -> Node | None:
        """Where everything stands. Raises InputError for JSON that YAML does not take."""
        return _tree(self.source, self.first_line, self.text)

    def place(self, location: Location = ()) -> str:
        """`file:line:column` of a field, or of the innermost of its parents that is there."""
        try:
            node = yaml_tree.find(self.root, location)
        except InputError:
            node = None
        line, column = (node.line, node.column) if node else (0, 0)
        return f"{self.source}:{self.first_line + line}:{column + 1}"


def find(paths: Iterable[str]) -> Iterator[str]:
    """Files as given, the manifests of each directory in name order, and `-` for standard input."""
    for path in paths:
        if path == "-" or not Path(path).is_dir():
            yield path
            continue
        inside = sorted(entry for entry in Path(path).iterdir() if entry.suffix in _SUFFIXES)
        if not inside:
            raise InputError(f"{path}: no {', '.join(_SUFFIXES)} file in this directory")
        yield from map(str, inside)


def read(path: str) -> list[Document]:
    """The documents of one file, in order; empty ones have None as data.

    Raises InputError naming file, line and column.
    """
    source = "<stdin>" if path == "-" else path
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{source}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{source}: not UTF-8 at byte {error.start}") from error
    return list(_documents(source, text))


def _documents(source: str, text: str) -> Iterator[Document]:
    starts = [0, *(match.start() for match in _MARKER.finditer(text) if match.start()), len(text)]
    if _DIRECTIVE.match(text):  # a directive belongs to the document behind its marker
        del starts[1:2]
    for start, end in itertools.pairwise(starts):
        part, line = text[start:end], text.count("\n", 0, start) + 1
        yield _of_json(source, line, part) or _of_yaml(source, line, part)


# A half may be without its other: YAML says where.
_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_MOST_DIGITS = 18  # 64 bits


class _OddError(ValueError):
    """JSON that YAML reads otherwise, or refuses."""


def _of_json(source: str, line: int, text: str) -> Document | None:
    """What machines write is JSON and long: where something stands in it is found when somebody asks.

    None for what has to be read as YAML: everything that is not JSON, or is read otherwise there.
    """
    if not text.lstrip().startswith("{") or _HALF.search(text):
        return None
    try:
        return Document(source, line, text, _JSON.decode(text.strip()))
    except (ValueError, RecursionError):
        return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise _OddError
    return made


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
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


def _of_yaml(source: str, line: int, text: str) -> Document:
    root = _tree(source, line, text)
    try:
        document = Document(source, line, text, yaml_tree.plain(root))
    except YamlError as error:
        raise _at(source, line, error) from error
    vars(document)["root"] = root  # where cached_property looks first
    return document


def _tree(source: str, line: int, text: str) -> Node | None:
    try:
        return yaml_tree.parse(text)
    except YamlError as error:
        raise _at(source, line, error) from error


def _at(source: str, line: int, error: YamlError) -> InputError:
    return InputError(f"{source}:{line + error.line}:{error.column + 1}: {error}")


def dotted(location: Location) -> str:
    """`spec.containers[0].image`, as people write the way to a field."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).removeprefix(
        "."
    )
