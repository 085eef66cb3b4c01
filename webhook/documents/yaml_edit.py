"""Put JSON Patch operations into YAML text that a person wrote, as that person would have.

Lines are inserted, nothing else is touched: comments, order, quotes, indentation and line endings stay. What
is written in braces (JSON too) grows inside its braces. An alias that would have to change for one of its
places alone is written out there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import jsonpatch

from webhook.documents.files import Document
from webhook.documents.yaml_text import style_of
from webhook.documents.yaml_tree import List, Mapping, Node, Scalar, YamlError, key_of, parse, plain
from webhook.errors import InputError
from webhook.model.patch import Op


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
    edits: list[_Edit] | None = []
    for writes_out in ("nothing", "changed", "all"):
        editor = _Editor(document, after)
        if writes_out != "nothing":  # what an anchor stands for may change, and its aliases may not
            editor.write_out_aliases(edits if writes_out == "changed" else None)
        edits = editor.made(ops)
        text = _edited(document.text, edits or ())
        if edits is not None and _means(text, after):
            return text
    raise InputError(f"{document.place()}: too intricate to edit as text; -o json writes it anew")


def _means(text: str, data: Any) -> bool:
    try:
        return bool(plain(parse(text, [])) == data)
    except YamlError:
        return False


def _edited(text: str, edits: Iterable[_Edit]) -> str:
    ordered = sorted(edits, key=lambda edit: (edit.start, -edit.depth))
    for edit in reversed(ordered):  # from the end, so that offsets stay true
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


class _IntricateError(Exception):
    pass


# In front of a value; what is written instead needs no tag.
_ANCHOR = re.compile(r"(?:!\S*\s+)?(&\S+)")
_COLON = re.compile(r"\s*:")


class _Editor:
    def __init__(self, document: Document, after: Any) -> None:
        self._edits: list[_Edit] = []
        self._root = document.root
        self._text = document.text
        self._after = after
        self._newline = "\r\n" if "\r\n" in document.text else "\n"
        self._style = style_of(document.text, document.root)
        self._changed: list[_Edit] | None = None
        self._written_out: set[str] = set()
        self._begun: set[int] = set()
        """Empty braces that have got their first entry."""

    def made(self, ops: list[Op]) -> list[_Edit] | None:
        """None where a place for one of them cannot be found."""
        try:
            for op in ops:
                self._make(op["path"], op["value"])
        except _IntricateError:
            return None
        return self._edits

    def write_out_aliases(self, edits: list[_Edit] | None) -> None:
        """Aliases of what `edits` change become what they stand for, as it is after all operations.

        Without `edits` all of them do.
        """
        self._changed = edits
        self._write_out_below(self._root, self._after, 0)

    def _has_changed(self, target: Node) -> bool:
        changed = self._changed
        return changed is None or any(target.start <= each.start <= target.end for each in changed)

    def _write_out_below(self, node: Node | None, after: Any, depth: int) -> None:
        # A merge may have taken the place of what is written here, and may be another thing altogether.
        if isinstance(node, List) and isinstance(after, list):
            for index, (item, item_after) in enumerate(zip(node.items, after, strict=False)):
                self._write_out_one(node, item, str(index), item_after, depth)
        elif isinstance(node, Mapping) and isinstance(after, dict):
            for key, value in node.entries:
                name = key_of(key)
                if name is None:
                    self._write_out_one(node, value, "<<", plain(value), depth)
                elif node.get(name) is value:
                    self._write_out_one(node, value, name, after[name], depth)

    def _write_out_one(self, parent: Node, child: Node, key: str, after: Any, depth: int) -> None:
        if child.target:
            if self._has_changed(child.target):
                self._write_out(parent, child, key, after, depth)
        else:
            self._write_out_below(child, after, depth + 1)

    def _make(self, pointer: str, value: Any) -> None:
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
        # A merge and a key that is written "<<" have one name.
        place = f"{id(child or parent)}/{key}"
        if place in self._written_out:
            return
        self._written_out.add(place)
        if child is not None:
            self._replace(child, value, depth)
        elif isinstance(parent, Mapping):
            self._insert(parent, key, value, depth)

    def _replace(self, node: Node, value: Any, depth: int) -> None:
        start, end, before = node.start, node.end, ""
        if start == end:
            start = end = self._behind_colon(node)
            before = " "
        elif (anchor := _ANCHOR.match(self._text, start, end)) and not node.aliased:
            before = f"{anchor[1]} "
        self._edits.append(_Edit(start, end, before + self._style.inline(value), depth))

    def _behind_colon(self, missing: Node) -> int:
        """Where the value of a key without one would stand."""
        colon = _COLON.match(self._text, missing.end)
        if colon is None:
            raise _IntricateError
        return colon.end()

    def _insert(self, mapping: Mapping, key: str, value: Any, depth: int) -> None:
        if mapping.flow:
            last = mapping.entries[-1] if mapping.entries else None
            entry = f"{self._style.inline(key)}: {self._style.inline(value)}"
            self._into_braces(mapping, last and last[0], last and last[1], entry, depth)
        else:
            self._lines(mapping, list(self._style.block({key: value})), mapping.indent, depth)

    def _append(self, items: List, value: Any, depth: int) -> None:
        if items.flow:
            last = items.items[-1] if items.items else None
            self._into_braces(items, last, last, self._style.inline(value), depth)
        else:
            self._lines(items, list(self._style.block([value])), items.indent, depth)

    def _into_braces(self, node: Node, first: Node | None, last: Node | None, entry: str, depth: int) -> None:
        """Behind the last entry; on a line of its own where the others have theirs."""
        if first is None or last is None:
            between = ", " if id(node) in self._begun else ""
            self._begun.add(id(node))
            inside = (
                self._text.index("[" if isinstance(node, List) else "{", node.start) + 1
            )  # behind an anchor
            self._edits.append(_Edit(inside, inside, between + entry, depth))
            return
        own_line = not self._text[self._text.rfind("\n", 0, first.start) + 1 : first.start].strip()
        between = f",{self._newline}{' ' * first.column}" if own_line and first.line != node.line else ", "
        end = last.end
        if last.start == last.end:
            end, between = self._behind_colon(last), f" {between}"
        self._edits.append(_Edit(end, end, between + entry, depth))

    def _lines(self, node: Node, lines: list[str], column: int, depth: int) -> None:
        """Below the last line of a block, in front of whatever comments follow it."""
        end = self._content_end(node)
        if self._text[end - 1 : end] != "\n":
            end = self._text.find("\n", end) + 1 or len(self._text)
        text = "".join(f"{' ' * column}{line}{self._newline}" for line in lines)
        if end == len(self._text) and not self._text.endswith("\n"):
            text = self._newline + text.removesuffix(self._newline)
        self._edits.append(_Edit(end, end, text, depth))

    def _content_end(self, node: Node) -> int:
        """Where the last thing written in a node ends: its own end is behind comments and blank lines."""
        match node:
            case Mapping(flow=False, target=None) if node.entries:
                key, value = node.entries[-1]
                return max(key.end, self._content_end(value))
            case List(flow=False, target=None) if node.items:
                return max(node.start + 1, self._content_end(node.items[-1]))
            case Scalar(text="", tag=""):
                return node.start
        return node.end


def _child(node: Node | None, step: str) -> Node | None:
    if isinstance(node, List):
        return node.items[int(step)]
    return node.get(step) if isinstance(node, Mapping) else None
