"""Apply JSON Patch operations to YAML text that a person wrote, in that person's style.

Only the changed fields are written: comments, order, quotes, indentation and line endings stay. Flow style
(JSON too) grows inside its braces. An alias that must differ from its anchor is expanded: its value is
written in its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import jsonpatch

from webhook.documents.files import Document
from webhook.documents.problems import InvalidInputError, Problem, ProblemName
from webhook.documents.yaml_text import style_of
from webhook.documents.yaml_tree import List, Mapping, Node, Scalar, YamlError, key_of, parse, plain
from webhook.model.patch import Op


@dataclass(frozen=True, slots=True)
class _Edit:
    """Replace what is between two offsets by `text`. Of insertions at one offset the deepest comes first.

    `depth`: how many steps lead to what is written.
    """

    start: int
    end: int
    text: str
    depth: int


def edited(document: Document, ops: list[Op]) -> str:
    """The document's text with the operations applied, which are `add` and `replace` only.

    Raises InvalidInputError if no edit of the text gives the data that the operations give.
    """
    if not ops or document.root is None:
        return document.text
    after = jsonpatch.apply_patch(document.data, ops)
    for edits in _attempts(document, ops, after):
        text = _replace_all(document.text, edits or ())
        if edits is not None and _parses_to(text, after):
            return text
    message = "the text of this YAML cannot be edited"
    raise InvalidInputError(
        Problem(
            ProblemName.UNEDITABLE_YAML, document.place(), message, hint="podtailor mutate -o json prints it"
        )
    )


def _attempts(document: Document, ops: list[Op], after: Any) -> Iterator[list[_Edit] | None]:
    """Without expanding aliases, with those of what changes expanded, and with all expanded."""
    edits = _Editor(document, after).edits_for(ops)
    yield edits
    for changed in (edits, None):  # an anchored value may change, and its aliases must not
        editor = _Editor(document, after)
        editor.expand_aliases(changed)
        yield editor.edits_for(ops)


def _parses_to(text: str, data: Any) -> bool:
    try:
        return bool(plain(parse(text, [])) == data)
    except YamlError:
        return False


def _replace_all(text: str, edits: Iterable[_Edit]) -> str:
    ordered = sorted(edits, key=lambda edit: (edit.start, -edit.depth))
    for edit in reversed(ordered):  # from the end, so that offsets stay valid
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


class _NoPositionError(Exception):
    """There is no position in the text for a value."""


# An anchor before a value; the new value needs no tag.
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
        self._expanded: set[str] = set()
        self._filled: set[int] = set()
        """Ids of empty braces that have been given an entry."""

    def edits_for(self, ops: list[Op]) -> list[_Edit] | None:
        """None if there is no position in the text for one of them."""
        try:
            for op in ops:
                self._apply(op["path"], op["value"])
        except _NoPositionError:
            return None
        return self._edits

    def expand_aliases(self, edits: list[_Edit] | None) -> None:
        """Expand the aliases of what `edits` change, or all aliases, to their values after all operations."""
        self._changed = edits
        self._expand_below(self._root, self._after, 1)

    def _has_changed(self, target: Node) -> bool:
        changed = self._changed
        return changed is None or any(target.start <= each.start <= target.end for each in changed)

    def _expand_below(self, node: Node | None, after: Any, depth: int) -> None:
        # A merge may override what is written here with a value of another shape.
        if isinstance(node, List) and isinstance(after, list):
            for index, (item, item_after) in enumerate(zip(node.items, after, strict=False)):
                self._expand_child(node, item, str(index), item_after, depth)
        elif isinstance(node, Mapping) and isinstance(after, dict):
            for key, value in node.entries:
                name = key_of(key)
                if name is None:
                    self._expand_child(node, value, "<<", plain(value), depth)
                elif node.get(name) is value:
                    self._expand_child(node, value, name, after[name], depth)

    def _expand_child(self, parent: Node, child: Node, key: str, after: Any, depth: int) -> None:
        if child.target:
            if self._has_changed(child.target):
                self._expand(parent, child, key, after, depth)
        else:
            self._expand_below(child, after, depth + 1)

    def _apply(self, pointer: str, value: Any) -> None:
        """Set the value at a JSON pointer. If an alias or merge is on the way, expand it there instead."""
        steps = [step.replace("~1", "/").replace("~0", "~") for step in pointer[1:].split("/")]
        node = self._root
        after = self._after
        for depth, step in enumerate(steps[:-1], 1):
            after = after[int(step)] if isinstance(after, list) else after[step]
            child = _child(node, step)
            if child is None or child.is_alias:
                self._expand(node, child, step, after, depth)
                return
            node = child
        last, depth = steps[-1], len(steps)
        if isinstance(node, List):
            self._append(node, value, depth)
        elif isinstance(node, Mapping):
            existing = node.get(last)
            if existing is None:
                self._insert(node, last, value, depth)
            else:
                self._replace(existing, value, depth)

    def _expand(self, parent: Node | None, child: Node | None, key: str, value: Any, depth: int) -> None:
        """Write the value of an alias or a merge here, as it is after all operations."""
        # A merge and a key that is written "<<" have the same name, so the node is part of the identity.
        identity = f"{id(child or parent)}/{key}"
        if identity in self._expanded:
            return
        self._expanded.add(identity)
        if child is not None:
            self._replace(child, value, depth)
        elif isinstance(parent, Mapping):
            self._insert(parent, key, value, depth)

    def _replace(self, node: Node, value: Any, depth: int) -> None:
        start, end, before = node.start, node.end, ""
        if start == end:
            start = end = self._after_colon(node)
            before = " "
        elif (anchor := _ANCHOR.match(self._text, start, end)) and not node.is_alias:
            before = f"{anchor[1]} "
        self._edits.append(_Edit(start, end, before + self._style.inline(value), depth))

    def _after_colon(self, missing: Node) -> int:
        """The offset at which to write the missing value of a key."""
        colon = _COLON.match(self._text, missing.end)
        if colon is None:
            raise _NoPositionError
        return colon.end()

    def _insert(self, mapping: Mapping, key: str, value: Any, depth: int) -> None:
        if mapping.is_flow:
            last = mapping.entries[-1] if mapping.entries else None
            entry = f"{self._style.inline(key)}: {self._style.inline(value)}"
            self._insert_into_braces(mapping, last and last[0], last and last[1], entry, depth)
        else:
            self._insert_lines(mapping, list(self._style.block({key: value})), mapping.indent, depth)

    def _append(self, items: List, value: Any, depth: int) -> None:
        if items.is_flow:
            last = items.items[-1] if items.items else None
            self._insert_into_braces(items, last, last, self._style.inline(value), depth)
        else:
            self._insert_lines(items, list(self._style.block([value])), items.indent, depth)

    def _insert_into_braces(
        self, node: Node, first: Node | None, last: Node | None, entry: str, depth: int
    ) -> None:
        """After the last entry; on a line of its own if the others are."""
        if first is None or last is None:
            separator = ", " if id(node) in self._filled else ""
            self._filled.add(id(node))
            brace = self._text.index("[" if isinstance(node, List) else "{", node.start)  # after an anchor
            self._edits.append(_Edit(brace + 1, brace + 1, separator + entry, depth))
            return
        own_line = not self._text[self._text.rfind("\n", 0, first.start) + 1 : first.start].strip()
        separator = f",{self._newline}{' ' * first.column}" if own_line and first.line != node.line else ", "
        end = last.end
        if last.start == last.end:
            end, separator = self._after_colon(last), f" {separator}"
        self._edits.append(_Edit(end, end, separator + entry, depth))

    def _insert_lines(self, node: Node, lines: list[str], column: int, depth: int) -> None:
        """Below the last line of a block, before the comments that follow it."""
        end = self._content_end(node)
        if self._text[end - 1 : end] != "\n":
            end = self._text.find("\n", end) + 1 or len(self._text)
        text = "".join(f"{' ' * column}{line}{self._newline}" for line in lines)
        if end == len(self._text) and not self._text.endswith("\n"):
            text = self._newline + text.removesuffix(self._newline)
        self._edits.append(_Edit(end, end, text, depth))

    def _content_end(self, node: Node) -> int:
        """The end of the last value in a node, whose own end is after comments and blank lines."""
        match node:
            case Mapping(is_flow=False, target=None) if node.entries:
                key, value = node.entries[-1]
                return max(key.end, self._content_end(value))
            case List(is_flow=False, target=None) if node.items:
                return max(node.start + 1, self._content_end(node.items[-1]))
            case Scalar(text="", tag=""):
                return node.start
        return node.end


def _child(node: Node | None, step: str) -> Node | None:
    if isinstance(node, List):
        return node.items[int(step)]
    return node.get(step) if isinstance(node, Mapping) else None
