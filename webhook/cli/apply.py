"""Apply operations to YAML that a person wrote: comments, order and quotes stay, aliases where they can."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

import jsonpatch

from webhook.files import Document
from webhook.model.patch import Op


def apply(document: Document, ops: list[Op]) -> None:
    """Change the document's data in place, by the reference implementation of JSON Patch."""
    references = Counter[int]()
    _count(document.data, references)
    for op in ops:
        _unshare(document.data, jsonpatch.JsonPointer(op["path"]).parts[:-1], references)
    jsonpatch.JsonPatch(ops).apply(document.data, in_place=True)


def _count(node: Any, references: Counter[int]) -> None:
    """How often each mapping and list of the data is referred to: an alias is the same node once more."""
    if isinstance(node, dict | list):
        references[id(node)] += 1
        if references[id(node)] == 1:
            for child in node.values() if isinstance(node, dict) else node:
                _count(child, references)


def _unshare(node: Any, way: list[str], references: Counter[int]) -> None:
    """Give each shared node on the way its own copy here: only this place is meant."""
    for step in way:
        key: Any = int(step) if isinstance(node, list) else step
        child = node[key] if isinstance(node, list) else node.get(key)
        if references[id(child)] > 1:
            child = node[key] = copy.deepcopy(child)
        if not isinstance(child, dict | list):
            return
        node = child
