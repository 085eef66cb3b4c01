"""YAML as a tree with the position of each value in the text, read as kubectl reads it.

`yaml_scalars` says what scalars mean, `yaml_scanner` which white space may separate them.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
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
from webhook.documents.yaml_words import plain_words

Location = Sequence[str | int]

_SURROGATE = re.compile("[\ud800-\udfff]")
# A few lines of nested aliases expand without bound; no manifest has this many values.
_MAX_NODES = 1_000_000


class YamlError(Exception):
    """The text is not valid YAML. `line` and `column` count from 0."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.line, self.column = line, column


@dataclass(slots=True, eq=False)
class Node:
    """A value and its position: offsets into the text; line and column from 0.

    The position of a missing value is the end of its key.
    """

    start: int
    end: int
    line: int
    column: int
    target: Node | None = None
    """Set if this is an alias: the anchored value it refers to."""

    @property
    def is_alias(self) -> bool:
        return self.target is not None


@dataclass(slots=True, eq=False)
class Scalar(Node):
    text: str = ""
    tag: str = ""
    """Empty for a plain scalar, neither quoted nor tagged: its text decides the type."""

    @property
    def value(self) -> str | float | bool | None:
        """Raises YamlError if the text is not of the tag's type."""
        try:
            return yaml_scalars.resolve(self.text, self.tag)
        except ValueError as error:
            raise YamlError(str(error), self.line, self.column) from None


@dataclass(slots=True, eq=False)
class Mapping(Node):
    is_flow: bool = False
    indent: int = 0
    """The column of its keys; `column` is that of an anchor or tag, which may be on another line."""
    entries: list[tuple[Node, Node]] = field(default_factory=list)

    def entry(self, key: str) -> tuple[Node, Node] | None:
        """Key and value written in this mapping itself, not merged into it; the last of duplicates."""
        return next((each for each in reversed(self.entries) if key_of(each[0]) == key), None)

    def get(self, key: str) -> Node | None:
        entry = self.entry(key)
        return entry and entry[1]


@dataclass(slots=True, eq=False)
class List(Node):
    is_flow: bool = False
    indent: int = 0
    """The column of its dashes."""
    items: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DuplicateKey:
    """A key that its mapping already has: kubectl takes the last. Lines and column count from 0."""

    key: str
    line: int
    column: int
    first_line: int


def is_merge(key: Node) -> bool:
    return isinstance(key, Scalar) and key.text == "<<" and key.tag in ("", yaml_scalars.MERGE)


def key_of(key: Node) -> str | None:
    """The name of a field; None for a merge key. Raises YamlError for a key that is no string."""
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
    reader = YAML(typ="safe", pure=True)  # the round-trip reader marks folds inside text
    reader.Scanner = TolerantScanner
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # redefining an anchor is valid
            events = [
                event
                for event in reader.parse(text)
                if isinstance(event, NodeEvent | MappingEndEvent | SequenceEndEvent)
            ]
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        position = (mark.line, mark.column) if mark else (0, 0)
        raise YamlError(plain_words(str(error.problem or error.context)), *position) from error
    except ReaderError as error:
        before = text[: error.position]
        position = (before.count("\n"), len(before) - before.rfind("\n") - 1)
        raise YamlError(f"control character U+{error.character:04X}", *position) from error
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
            node = Scalar(*place, text=_join_surrogates(event.value, mark.line, mark.column), tag=tag)
        elif isinstance(event, MappingStartEvent):
            node = Mapping(*place, is_flow=bool(event.flow_style), indent=event.end_mark.column)
            self._fill_mapping(node, depth)
        else:
            end = event.end_mark
            # The mark of a list that is indented no further than its key is after the first dash.
            indent = end.column - (self._text[end.index - 1 : end.index] == "-")
            node = List(*place, is_flow=bool(event.flow_style), indent=indent)
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
                self._check_duplicate(name, key, seen.get(name))
                seen[name] = key
            value = self.node(depth=depth + 1)
            if (
                isinstance(value, Scalar) and value.start == value.end
            ):  # missing: the parser's mark is further on
                value.start, value.end, value.line, value.column = key.end, key.end, key.line, key.column
            mapping.entries.append((key, value))
        mapping.end = event.end_mark.index

    def _check_duplicate(self, name: str, key: Node, first: Node | None) -> None:
        if first is None:
            return
        if self._duplicate_keys is None:
            raise YamlError(f"duplicate key {name!r}", key.line, key.column)
        self._duplicate_keys.append(DuplicateKey(name, key.line, key.column, first.line))


def _join_surrogates(text: str, line: int, column: int) -> str:
    """Join characters that JSON escapes as two UTF-16 surrogates. Raises YamlError for half of one."""
    if not _SURROGATE.search(text):
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        raise YamlError("half of a UTF-16 surrogate pair", line, column) from None


def plain(node: Node | None) -> Any:
    """The value as Python data, as in the JSON that kubectl converts it to. Raises YamlError."""
    return _plain(node, [_MAX_NODES])


def load(text: str) -> Any:
    """The data of a text with one document. Raises YamlError."""
    return plain(parse(text))


def _plain(node: Node | None, remaining: list[int]) -> Any:
    remaining[0] -= 1
    if remaining[0] < 0:
        raise YamlError("aliases make this document too large")
    match node:
        case Scalar():
            return node.value
        case List():
            return [_plain(item, remaining) for item in node.items]
        case Mapping():
            mapping: dict[str, Any] = {}
            for key, value in node.entries:
                name = key_of(key)
                if name is None:  # as in Go, a merge overrides the keys before it
                    for each in _merged(value):
                        mapping |= _plain(each, remaining)
                else:
                    mapping[name] = _plain(value, remaining)
            return mapping
    return None


def _merged(value: Node) -> list[Node]:
    """The mappings of a merge, in the order to apply them: the first written takes precedence."""
    mappings = value.items[::-1] if isinstance(value, List) and not value.is_alias else [value]
    if not all(isinstance(each, Mapping) for each in mappings):
        raise YamlError("only a mapping, or a list of mappings, can be merged", value.line, value.column)
    return mappings


def node_at(node: Node | None, location: Location) -> Node | None:
    """The key or list item at a location, or its innermost parent that exists; for its position."""
    nearest = node
    for step in location:
        if isinstance(node, Mapping) and isinstance(step, str) and (entry := node.entry(step)):
            nearest, node = entry
        elif isinstance(node, List) and isinstance(step, int) and step < len(node.items):
            nearest = node = node.items[step]
        else:
            break
    return nearest
