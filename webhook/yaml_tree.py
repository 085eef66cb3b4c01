"""YAML as a tree that knows where in the text everything stands, with the meaning that kubectl gives it.

kubectl reads a Go dialect of YAML 1.1 (`resolve.go` in go.yaml.in/yaml/v2): `yes` and `Off` are booleans,
`0400` is 256, dates are text. What a manifest means here is what it means to the API server.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
)

Location = Sequence[str | int]

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_INTEGER = re.compile(r"([-+]?)(?:0b([01]+)|0o?([0-7]+)|0[xX]([0-9a-fA-F]+)|(0|[1-9][0-9]*))", re.ASCII)
_HALF = re.compile("[\ud800-\udfff]")
_MOST_DIGITS = 67  # 64 bits in binary, with sign and prefix
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", re.ASCII)
_TEXT_TAGS = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:binary", "!"})
# Aliases of aliases grow without end in a few lines: no manifest has so many values.
_MOST_NODES = 1_000_000


class YamlError(Exception):
    """The text is no YAML. `line` and `column` count from 0."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line, self.column = line, column


@dataclass(slots=True, eq=False)
class Node:
    """A value and where it stands: offsets into the text, line and column from 0.

    A value that is not written at all stands at the end of its key.
    """

    start: int
    end: int
    line: int
    column: int
    aliased: bool = False
    """What stands here is an alias: the value is written elsewhere."""


@dataclass(slots=True, eq=False)
class Scalar(Node):
    text: str = ""
    plain: bool = True
    """Neither quoted nor tagged as text: it may look like something else."""


@dataclass(slots=True, eq=False)
class Mapping(Node):
    flow: bool = False
    entries: list[tuple[Node, Node]] = field(default_factory=list)

    def get(self, key: str) -> Node | None:
        """The value of a key that is written here itself, not merged in."""
        return next(
            (value for name, value in self.entries if isinstance(name, Scalar) and name.text == key), None
        )


@dataclass(slots=True, eq=False)
class List(Node):
    flow: bool = False
    items: list[Node] = field(default_factory=list)


def parse(text: str) -> Node | None:
    """The one document of `text`; None where it holds none. Raises YamlError."""
    reader = YAML(typ="safe", pure=True)  # the other one marks folds inside of texts
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor that is used again is valid
            events = [
                event
                for event in reader.parse(text)
                if isinstance(event, NodeEvent | MappingEndEvent | SequenceEndEvent)
            ]
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = (mark.line, mark.column) if mark else (0, 0)
        raise YamlError(str(error.problem or error.context), *where) from error
    except (YAMLError, ValueError) as error:
        raise YamlError(str(error)) from error
    if not events:
        return None
    try:
        return _built(iter(events), {})
    except RecursionError:
        raise YamlError("nested too deep") from None


def _built(events: Iterator[Any], anchors: dict[str, Node], event: Any = None) -> Node:
    event = event or next(events)
    mark = event.start_mark
    place = (mark.index, event.end_mark.index, mark.line, mark.column)
    if isinstance(event, AliasEvent):
        target = anchors.get(event.anchor)
        if target is None:
            raise YamlError(f"undefined alias {event.anchor}", mark.line, mark.column)
        return replace(target, start=place[0], end=place[1], line=mark.line, column=mark.column, aliased=True)
    node: Node
    if isinstance(event, ScalarEvent):
        quoted = event.style in ("'", '"', "|", ">")
        plain = not quoted and event.tag not in _TEXT_TAGS
        node = Scalar(*place, text=_whole(event.value, mark.line, mark.column), plain=plain)
    elif isinstance(event, MappingStartEvent):
        node = Mapping(*place, flow=bool(event.flow_style))
        _fill_mapping(node, events, anchors)
    else:
        node = List(*place, flow=bool(event.flow_style))
        while not isinstance(inner := next(events), SequenceEndEvent):
            node.items.append(_built(events, anchors, inner))
        node.end = inner.end_mark.index
    if event.anchor:
        anchors[event.anchor] = node
    return node


def _whole(text: str, line: int, column: int) -> str:
    """With the characters that JSON writes in two halves, UTF-16's, put together."""
    if not _HALF.search(text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise YamlError("half of a character", line, column) from None


def _fill_mapping(mapping: Mapping, events: Iterator[Any], anchors: dict[str, Node]) -> None:
    seen: set[str] = set()
    while not isinstance(event := next(events), MappingEndEvent):
        key = _built(events, anchors, event)
        if isinstance(key, Scalar) and key.text != "<<":
            if key.text in seen:
                raise YamlError(f"duplicate key {key.text!r}", key.line, key.column)
            seen.add(key.text)
        value = _built(events, anchors)
        if isinstance(value, Scalar) and value.start == value.end:  # nothing there: the parser is past it
            value.start, value.end, value.line, value.column = key.end, key.end, key.line, key.column
        mapping.entries.append((key, value))
    mapping.end = event.end_mark.index


def plain(node: Node | None) -> Any:
    """The value as ordinary Python data: what the JSON that kubectl makes of it holds. Raises YamlError."""
    try:
        return _plain(node, [_MOST_NODES])
    except RecursionError:
        raise YamlError("nested too deep") from None


def load(text: str) -> Any:
    """The data of one document. Raises YamlError."""
    return plain(parse(text))


def written(data: Any) -> str:
    """Data as block YAML that kubectl takes for the same: words such as Off are in quotes."""
    writer = YAML(typ="safe", pure=True)
    writer.version = (1, 1)
    writer.default_flow_style = False
    writer.width = 1000
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # fields read best in their order
    writer.representer.ignore_aliases = lambda _: True  # what stands twice is written twice
    out = StringIO()
    writer.dump(data, out)
    return out.getvalue().removeprefix("%YAML 1.1\n---\n")


def _plain(node: Node | None, left: list[int]) -> Any:
    left[0] -= 1
    if left[0] < 0:
        raise YamlError("aliases make this document too large")
    match node:
        case Scalar():
            return resolved(node)
        case List():
            return [_plain(item, left) for item in node.items]
        case Mapping():
            made: dict[str, Any] = {}
            merged: list[Any] = []
            for key, value in node.entries:
                if isinstance(key, Scalar) and key.plain and key.text == "<<":
                    given = _plain(value, left)
                    merged += given if isinstance(given, list) else [given]
                else:
                    made[_key(key)] = _plain(value, left)
            for each in merged:
                if isinstance(each, dict):
                    made = {**each, **made}
            return made
    return None


def _key(key: Node) -> str:
    if not isinstance(key, Scalar):
        raise YamlError("a key must be a string", key.line, key.column)
    value = resolved(key)
    return str(value).lower() if isinstance(value, bool) else str(key.text if value is None else value)


def resolved(scalar: Scalar) -> str | float | bool | None:
    """What a scalar means: text, unless it is plain and looks like something else."""
    text = scalar.text
    if not scalar.plain:
        return text
    if text in _NULLS:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    digits = text.replace("_", "")
    integer = _INTEGER.fullmatch(digits) if len(digits) <= _MOST_DIGITS else None
    if integer:
        sign, binary, octal, hexadecimal, decimal = integer.groups()
        base = next(
            (
                int(found, base)
                for found, base in ((binary, 2), (octal, 8), (hexadecimal, 16), (decimal, 10))
                if found
            ),
            0,
        )
        if base < 2**64:
            return -base if sign == "-" else base
    # As in Go, an integer of more than 64 bits is a float, and what no float can hold is text.
    if _FLOAT.fullmatch(digits) and math.isfinite(float(digits)):
        return float(digits)
    return text


def find(node: Node | None, location: Location) -> Node | None:
    """The key or item at a location, or the innermost of its parents that is there; for telling its place."""
    found = node
    for step in location:
        if isinstance(node, Mapping):
            entry = next(
                (each for each in node.entries if isinstance(each[0], Scalar) and each[0].text == step), None
            )
            if entry is None:
                break
            found, node = entry
        elif isinstance(node, List) and isinstance(step, int) and step < len(node.items):
            found = node = node.items[step]
        else:
            break
    return found
