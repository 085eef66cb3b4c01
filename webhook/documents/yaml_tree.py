"""YAML as a tree that knows where in the text everything stands, with the meaning that kubectl gives it.

What a manifest means here is what it means to the API server: `yaml_scalars` has what its words mean,
`yaml_scanner` what may stand between them.
"""

from __future__ import annotations

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
from ruamel.yaml.reader import ReaderError

from webhook.documents import yaml_scalars
from webhook.documents.yaml_scanner import MAX_DEPTH, TOO_DEEP, TolerantScanner

Location = Sequence[str | int]

_HALF = re.compile("[\ud800-\udfff]")
# Aliases of aliases grow without end in a few lines: no manifest has so many values.
_MAX_NODES = 1_000_000


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
    target: Node | None = None
    """What stands here is an alias of this: the value is written there."""

    @property
    def aliased(self) -> bool:
        return self.target is not None


@dataclass(slots=True, eq=False)
class Scalar(Node):
    text: str = ""
    tag: str = ""
    """Empty for what is neither quoted nor tagged: it may look like something else than text."""

    @property
    def value(self) -> str | float | bool | None:
        """What it means. Raises YamlError."""
        try:
            return yaml_scalars.resolve(self.text, self.tag)
        except ValueError as error:
            raise YamlError(str(error), self.line, self.column) from None


@dataclass(slots=True, eq=False)
class Mapping(Node):
    flow: bool = False
    indent: int = 0
    """The column of its keys: an anchor or a tag stands in front of them, on another line."""
    entries: list[tuple[Node, Node]] = field(default_factory=list)

    def entry(self, key: str) -> tuple[Node, Node] | None:
        """A key that is written here itself, not merged in, and its value; the last of several."""
        return next((each for each in reversed(self.entries) if key_of(each[0]) == key), None)

    def get(self, key: str) -> Node | None:
        entry = self.entry(key)
        return entry and entry[1]


@dataclass(slots=True, eq=False)
class List(Node):
    flow: bool = False
    indent: int = 0
    """The column of its dashes."""
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DuplicateKey:
    """A key that stands in its mapping already: kubectl takes the last. Lines and column count from 0."""

    key: str
    line: int
    column: int
    first_line: int


def is_merge(key: Node) -> bool:
    return isinstance(key, Scalar) and key.text == "<<" and key.tag in ("", yaml_scalars.MERGE)


def key_of(key: Node) -> str | None:
    """The name of a field; None for a merge. Raises YamlError for what cannot be one."""
    if is_merge(key):
        return None
    try:
        if isinstance(key, Scalar):
            return yaml_scalars.key_name(key.value)
    except ValueError:
        pass
    raise YamlError("a key must be a string", key.line, key.column)


def parse(text: str, duplicate_keys: list[DuplicateKey] | None = None) -> Node | None:
    """The one document of `text`; None if there is none.

    Duplicate keys are appended to `duplicate_keys`; without that list they are an error. Raises YamlError.
    """
    reader = YAML(typ="safe", pure=True)  # the other one marks folds inside of texts
    reader.Scanner = TolerantScanner
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
    except ReaderError as error:
        before = text[: error.position]
        where = (before.count("\n"), len(before) - before.rfind("\n") - 1)
        raise YamlError(f"control character U+{error.character:04X}", *where) from error
    except (YAMLError, ValueError) as error:
        raise YamlError(str(error)) from error
    return _Builder(text, iter(events), duplicate_keys).node() if events else None


class _Builder:
    def __init__(self, text: str, events: Iterator[Any], duplicate_keys: list[DuplicateKey] | None) -> None:
        self._text = text
        self._events = events
        self._duplicate_keys = duplicate_keys
        self._anchors: dict[str, Node] = {}

    def node(self, event: Any = None, depth: int = 1) -> Node:
        event = event or next(self._events)
        mark = event.start_mark
        if depth > MAX_DEPTH:
            raise YamlError(TOO_DEEP, mark.line, mark.column)
        place = (mark.index, event.end_mark.index, mark.line, mark.column)
        if isinstance(event, AliasEvent):
            target = self._anchors.get(event.anchor)
            if target is None:
                raise YamlError(f"undefined alias {event.anchor}", mark.line, mark.column)
            start, end, line, column = place
            return replace(target, start=start, end=end, line=line, column=column, target=target)
        node: Node
        if isinstance(event, ScalarEvent):
            quoted = event.style in ("'", '"', "|", ">")
            tag = event.tag or (yaml_scalars.TEXT if quoted else "")
            node = Scalar(*place, text=_whole(event.value, mark.line, mark.column), tag=tag)
        elif isinstance(event, MappingStartEvent):
            node = Mapping(*place, flow=bool(event.flow_style), indent=event.end_mark.column)
            self._fill_mapping(node, depth)
        else:
            end = event.end_mark
            # In a list that is indented no further than its key, the mark is behind the first dash.
            indent = end.column - (self._text[end.index - 1 : end.index] == "-")
            node = List(*place, flow=bool(event.flow_style), indent=indent)
            while not isinstance(inner := next(self._events), SequenceEndEvent):
                node.items.append(self.node(inner, depth + 1))
            node.end = inner.end_mark.index
        if event.anchor:
            self._anchors[event.anchor] = node
        return node

    def _fill_mapping(self, mapping: Mapping, depth: int) -> None:
        seen: dict[str, Node] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self.node(event, depth + 1)
            name = key_of(key)
            if name is not None:
                self._check(name, key, seen.get(name))
                seen[name] = key
            value = self.node(depth=depth + 1)
            if isinstance(value, Scalar) and value.start == value.end:  # nothing there: the parser is past it
                value.start, value.end, value.line, value.column = key.end, key.end, key.line, key.column
            mapping.entries.append((key, value))
        mapping.end = event.end_mark.index

    def _check(self, name: str, key: Node, first: Node | None) -> None:
        if first is None:
            return
        if self._duplicate_keys is None:
            raise YamlError(f"duplicate key {name!r}", key.line, key.column)
        self._duplicate_keys.append(DuplicateKey(name, key.line, key.column, first.line))


def _whole(text: str, line: int, column: int) -> str:
    """With the characters that JSON writes in two halves, UTF-16's, put together."""
    if not _HALF.search(text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise YamlError("half of a character", line, column) from None


def plain(node: Node | None) -> Any:
    """The value as ordinary Python data: what the JSON that kubectl makes of it holds. Raises YamlError."""
    return _plain(node, [_MAX_NODES])


def load(text: str) -> Any:
    """The data of one document. Raises YamlError."""
    return plain(parse(text))


def dump(data: Any) -> str:
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
            return node.value
        case List():
            return [_plain(item, left) for item in node.items]
        case Mapping():
            made: dict[str, Any] = {}
            for key, value in node.entries:
                name = key_of(key)
                if name is None:  # as in Go, a merge takes precedence over what stands in front of it
                    for each in _merged(value):
                        made |= _plain(each, left)
                else:
                    made[name] = _plain(value, left)
            return made
    return None


def _merged(value: Node) -> list[Node]:
    """The mappings that a merge brings, the first of which takes precedence: it comes last."""
    given = value.items[::-1] if isinstance(value, List) and not value.aliased else [value]
    if not all(isinstance(each, Mapping) for each in given):
        raise YamlError("only a mapping, or a list of mappings, can be merged", value.line, value.column)
    return given


def node_at(node: Node | None, location: Location) -> Node | None:
    """The key or item at a location, or the innermost of its parents that is there; for telling its place."""
    found = node
    for step in location:
        if isinstance(node, Mapping) and isinstance(step, str) and (entry := node.entry(step)):
            found, node = entry
        elif isinstance(node, List) and isinstance(step, int) and step < len(node.items):
            found = node = node.items[step]
        else:
            break
    return found
