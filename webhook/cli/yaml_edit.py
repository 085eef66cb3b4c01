"""Put JSON Patch operations into YAML text that a person wrote, as that person would have.

Lines are inserted, nothing else is touched: comments, order, quotes, indentation and line endings stay. What
is written in braces (JSON too) grows inside its braces. An alias that would have to change for one of its
places alone is written out there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonpatch

from webhook.files import Document, InputError
from webhook.model.patch import Op
from webhook.yaml_tree import List, Mapping, Node, Scalar, YamlError, load, plain, resolved


@dataclass(frozen=True, slots=True)
class _Edit:
    """`text` instead of what stands from `start` to `end`; of two at one place the deeper comes first."""

    start: int
    end: int
    text: str
    depth: int


def edited(document: Document, ops: list[Op]) -> str:
    """The document's text with the operations made. Only `add` and `replace` are understood.

    Raises InputError for a document that cannot be edited as text and mean the right thing afterwards.
    """
    if not ops or document.root is None:
        return document.text
    after = jsonpatch.apply_patch(document.data, ops)
    text = _made(_Editor(document, after), ops)
    if not _means(text, after):  # what an anchor stands for has changed, and its aliases may not
        editor = _Editor(document, after)
        editor.write_out_aliases()
        text = _made(editor, ops)
    if not _means(text, after):
        raise InputError(f"{document.place()}: too intricate to edit as text; -o json writes it anew")
    return text


def _means(text: str, data: Any) -> bool:
    try:
        return bool(load(text) == data)
    except YamlError:
        return False


def _made(editor: _Editor, ops: list[Op]) -> str:
    for op in ops:
        editor.make(op["path"], op["value"])
    text = editor.text
    ordered = sorted(editor.edits, key=lambda edit: (edit.start, -edit.depth))
    for edit in reversed(ordered):  # from the end, so that offsets stay true
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


class _Editor:
    def __init__(self, document: Document, after: Any) -> None:
        self.edits: list[_Edit] = []
        self._root = document.root
        self.text = document.text
        self._after = after
        self._newline = "\r\n" if "\r\n" in document.text else "\n"
        self._json = document.text.lstrip().startswith("{")
        self._dash_offset = _dash_offset(document.root)
        self._written_out: set[str] = set()
        self._begun: set[int] = set()
        """Empty braces that have got their first entry."""

    def write_out_aliases(self) -> None:
        """Every alias becomes what it stands for, as it is after all operations."""
        self._write_out_below(self._root, self._after, 0)

    def _write_out_below(self, node: Node | None, after: Any, depth: int) -> None:
        if isinstance(node, List):
            for index, item in enumerate(node.items):
                self._write_out_one(node, item, str(index), after[index], depth)
        elif isinstance(node, Mapping):
            for key, value in node.entries:
                if isinstance(key, Scalar) and key.plain and key.text == "<<":
                    self._write_out_one(node, value, key.text, plain(value), depth)
                elif isinstance(key, Scalar):
                    self._write_out_one(node, value, key.text, after[key.text], depth)

    def _write_out_one(self, parent: Node, child: Node, key: str, after: Any, depth: int) -> None:
        if child.aliased:
            self._write_out(parent, child, key, after, depth)
        else:
            self._write_out_below(child, after, depth + 1)

    def make(self, pointer: str, value: Any) -> None:
        steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]
        node = self._root
        after = self._after
        for depth, step in enumerate(steps[:-1]):
            after = after[int(step)] if isinstance(after, list) else after[step]
            child = _child(node, step)
            if child is None or child.aliased:
                self._write_out(node, child, step, after, depth)
                return
            node = child
        last, depth = steps[-1], len(steps)
        if isinstance(node, List):
            self._append(node, value, depth)
        elif isinstance(node, Mapping):
            there = node.get(last)
            if there is None:
                self._insert(node, last, value, depth)
            else:
                self._replace(there, value, depth)

    def _write_out(self, parent: Node | None, child: Node | None, key: str, value: Any, depth: int) -> None:
        """What an alias or a merge brings here is written here whole, as it is after all operations."""
        place = f"{id(parent)}/{key}"
        if place in self._written_out:
            return
        self._written_out.add(place)
        if child is not None:
            self._replace(child, value, depth)
        elif isinstance(parent, Mapping):
            self._insert(parent, key, value, depth)

    def _replace(self, node: Node, value: Any, depth: int) -> None:
        start, end, before = node.start, node.end, ""
        if start == end:  # behind the colon of a key without value
            start = end = self.text.index(":", start) + 1
            before = " "
        self.edits.append(_Edit(start, end, before + self._inline(value), depth))

    def _insert(self, mapping: Mapping, key: str, value: Any, depth: int) -> None:
        if mapping.flow:
            last = mapping.entries[-1] if mapping.entries else None
            entry = f"{self._inline(key)}: {self._inline(value)}"
            self._into_braces(mapping, last and last[0], last and last[1], entry, depth)
        else:
            self._lines(mapping, list(self._block({key: value})), mapping.column, depth)

    def _append(self, items: List, value: Any, depth: int) -> None:
        if items.flow:
            last = items.items[-1] if items.items else None
            self._into_braces(items, last, last, self._inline(value), depth)
        else:
            self._lines(items, list(self._block([value])), items.column, depth)

    def _into_braces(self, node: Node, first: Node | None, last: Node | None, entry: str, depth: int) -> None:
        """Behind the last entry; on a line of its own where the others have theirs."""
        if first is None or last is None:
            between = ", " if id(node) in self._begun else ""
            self._begun.add(id(node))
            inside = (
                self.text.index("[" if isinstance(node, List) else "{", node.start) + 1
            )  # behind an anchor
            self.edits.append(_Edit(inside, inside, between + entry, depth))
            return
        own_line = not self.text[self.text.rfind("\n", 0, first.start) + 1 : first.start].strip()
        between = f",{self._newline}{' ' * first.column}" if own_line and first.line != node.line else ", "
        self.edits.append(_Edit(last.end, last.end, between + entry, depth))

    def _lines(self, node: Node, lines: list[str], column: int, depth: int) -> None:
        """Below the last line of a block, in front of whatever comments follow it."""
        end = self._content_end(node)
        if self.text[end - 1 : end] != "\n":
            end = self.text.find("\n", end) + 1 or len(self.text)
        text = "".join(f"{' ' * column}{line}{self._newline}" for line in lines)
        if end == len(self.text) and not self.text.endswith("\n"):
            text = self._newline + text.removesuffix(self._newline)
        self.edits.append(_Edit(end, end, text, depth))

    def _content_end(self, node: Node) -> int:
        """Where the last thing written in a node ends: its own end is behind comments and blank lines."""
        match node:
            case Mapping(flow=False, aliased=False) if node.entries:
                key, value = node.entries[-1]
                return max(key.end, self._content_end(value))
            case List(flow=False, aliased=False) if node.items:
                return max(node.start + 1, self._content_end(node.items[-1]))
            case Scalar(text="", plain=True):
                return node.start
        return node.end

    def _block(self, value: Any) -> Iterator[str]:
        """Lines of block style, as Kubernetes' own manifests are written."""
        if isinstance(value, list):
            for item in value:
                first, *others = self._block(item)
                yield f"- {first}"
                yield from (f"  {line}" for line in others)
        elif isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(inner, dict | list) and inner:
                    yield f"{_scalar(key)}:"
                    indent = "  " if isinstance(inner, dict) else " " * self._dash_offset
                    yield from (f"{indent}{line}" for line in self._block(inner))
                else:
                    yield f"{_scalar(key)}: {self._inline(inner)}"
        else:
            yield self._inline(value)

    def _inline(self, value: Any) -> str:
        if self._json:
            return json.dumps(value, ensure_ascii=False)
        if isinstance(value, list):
            return f"[{', '.join(map(self._inline, value))}]"
        if isinstance(value, dict):
            return (
                f"{{{', '.join(f'{_scalar(key)}: {self._inline(inner)}' for key, inner in value.items())}}}"
            )
        return _scalar(value)


# Letters first, or a number with a unit: nothing that any YAML reads as something else, once words are out.
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|[0-9]+(m|[KMGTPE]i|[KMGTP])", re.ASCII)


def _scalar(value: Any) -> str:
    """A scalar as text; strings quoted wherever some YAML could take them for anything else."""
    if not isinstance(value, str):
        return json.dumps(value)
    meant = resolved(Scalar(0, 0, 0, 0, text=value))
    if _BARE.fullmatch(value) and isinstance(meant, str):
        return value
    if value.isprintable() and '"' in value:
        escaped = value.replace("'", "''")
        return f"'{escaped}'"
    return json.dumps(value, ensure_ascii=False)


def _child(node: Node | None, step: str) -> Node | None:
    if isinstance(node, List):
        return node.items[int(step)]
    return node.get(step) if isinstance(node, Mapping) else None


def _dash_offset(root: Node | None) -> int:
    """How far this document indents `- ` below its key: 0 or more, as its first list shows."""
    waiting: list[Node | None] = [root]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, Mapping) and not node.flow:
            for key, value in node.entries:
                if isinstance(value, List) and not value.flow and value.items and not value.aliased:
                    return max(0, value.column - key.column)
                waiting.append(value)
        elif isinstance(node, List):
            waiting.extend(node.items)
    return 0
