"""Manifests on disk: find them, read them with line numbers and comments, say where something is wrong."""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from msgspec import Struct
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean
from ruamel.yaml.scalarfloat import ScalarFloat
from ruamel.yaml.scalarint import ScalarInt

_SUFFIXES = (".yaml", ".yml", ".json")
# A marker at the start of a line always ends a document: block scalars are indented.
_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)

# A key alone on its line, and the dash of its first item below, with comments between.
_SEQUENCE = re.compile(r"^( *)[^\s#-][^\n]*:[ ]*(?:#[^\n]*)?\n(?:[ ]*(?:#[^\n]*)?\n)*( *)- ", re.MULTILINE)


class InputError(Exception):
    """Something given by the user cannot be used. The message starts with `file:line:column:` where known."""


class Document(Struct, frozen=True):
    """One document of a file: its text to the letter, and its data with the places of every key."""

    source: str
    first_line: int
    text: str
    data: Any

    def place(self, location: Sequence[str | int] = ()) -> str:
        """`file:line:column` of a field, or of the innermost of its parents that is there."""
        node = self.data
        line, column = 0, 0
        if isinstance(node, CommentedMap | CommentedSeq):  # past comments and marker, to the first key
            line, column = node.lc.line, node.lc.col
        for step in location:
            try:
                if isinstance(node, CommentedMap):
                    line, column = node.lc.key(step)
                elif isinstance(node, CommentedSeq):
                    line, column = node.lc.item(step)
                node = node[step]
            except (KeyError, IndexError, TypeError):
                break
        return f"{self.source}:{self.first_line + line}:{column + 1}"


class _Constructor(RoundTripConstructor):
    """Dates stay the text that they are: Kubernetes has no such type in YAML."""


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_scalar)


def yaml() -> YAML:
    """A reader and writer that keeps comments, order and quotes."""
    parser = YAML()
    parser.Constructor = _Constructor
    parser.preserve_quotes = True
    parser.width = 4096  # never fold a user's long line
    return parser


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
    for start, end in itertools.pairwise(starts):
        part, line = text[start:end], text.count("\n", 0, start) + 1
        try:
            yield Document(source, line, part, yaml().load(part))
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = f"{line + mark.line}:{mark.column + 1}" if mark else str(line)
            raise InputError(f"{source}:{place}: {error.problem or error.context}") from error
        except (YAMLError, ValueError, RecursionError) as error:
            raise InputError(f"{source}:{line}: not YAML: {error}") from error


def plain(data: Any) -> Any:
    """The data as ordinary Python values, without places and comments."""
    if isinstance(data, dict):
        return {str(key): plain(value) for key, value in data.items()}
    if isinstance(data, list):
        return [plain(value) for value in data]
    if isinstance(data, ScalarBoolean):
        return bool(data)
    if isinstance(data, ScalarInt):
        return int(data)
    if isinstance(data, ScalarFloat):
        return float(data)
    return str(data) if isinstance(data, str) else data


def dotted(location: Sequence[str | int]) -> str:
    """`spec.containers[0].image`, as people write the way to a field."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in location).removeprefix(
        "."
    )


def dumped(document: Document) -> str:
    """The document's data as YAML in the document's own indentation."""
    out = StringIO()
    writer = yaml()
    writer.explicit_start = document.text.startswith("---")
    offset = _sequence_offset(document.text)
    writer.indent(mapping=2, sequence=2 + offset, offset=offset)
    writer.dump(document.data, out)
    return out.getvalue()


def _sequence_offset(text: str) -> int:
    """How far this text indents `- ` below its key: 0 or 2, as people write it."""
    first = _SEQUENCE.search(text)
    return 2 if first and len(first[2]) > len(first[1]) else 0


def parsed(text: str) -> Any:
    """The data of one document that we ship ourselves."""
    return yaml().load(text)
