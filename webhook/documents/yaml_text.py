"""Write data as YAML or JSON text, in the style of the document it is inserted into."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from webhook.documents.json_text import escape_controls
from webhook.documents.yaml_scalars import resolve
from webhook.documents.yaml_tree import List, Mapping, Node


@dataclass(frozen=True, slots=True)
class Style:
    is_json: bool
    dash_offset: int
    """Columns by which the document indents `- ` below its key."""

    def block(self, value: Any) -> Iterator[str]:
        """Lines in block style, as in Kubernetes' own manifests."""
        if isinstance(value, list) and value:
            for item in value:
                first, *others = self.block(item)
                yield f"- {first}"
                yield from (f"  {line}" for line in others)
        elif isinstance(value, dict) and value:
            for key, inner in value.items():
                if isinstance(inner, dict | list) and inner:
                    yield f"{_scalar(key)}:"
                    indent = "  " if isinstance(inner, dict) else " " * self.dash_offset
                    yield from (f"{indent}{line}" for line in self.block(inner))
                else:
                    yield f"{_scalar(key)}: {self.inline(inner)}"
        else:
            yield self.inline(value)

    def inline(self, value: Any) -> str:
        if self.is_json:
            return _quoted(value)
        if isinstance(value, list):
            return f"[{', '.join(map(self.inline, value))}]"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{_scalar(key)}: {self.inline(inner)}' for key, inner in value.items())}}}"
        return _scalar(value)


def style_of(text: str, root: Node | None) -> Style:
    return Style(text.removeprefix("\ufeff").lstrip().startswith("{"), _dash_offset(root))


# Text that no YAML version reads as another type, except for words such as `on`, which resolve() finds.
_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*|[0-9]+(m|[KMGTPE]i|[KMGTP])", re.ASCII)


def _scalar(value: Any) -> str:
    """A scalar as text; strings are quoted if any YAML version could read them as another type."""
    if not isinstance(value, str):
        return json.dumps(value)
    if _BARE.fullmatch(value) and isinstance(resolve(value), str):
        return value
    if value.isprintable() and '"' in value:
        escaped = value.replace("'", "''")
        return f"'{escaped}'"
    return _quoted(value)


def _quoted(value: Any) -> str:
    return escape_controls(json.dumps(value, ensure_ascii=False))


def _dash_offset(root: Node | None) -> int:
    """Taken from the first block list of the document, breadth first; 0 without one."""
    queue: list[Node | None] = [root]
    while queue:
        node = queue.pop(0)
        if isinstance(node, Mapping) and not node.is_flow:
            for key, value in node.entries:
                if isinstance(value, List) and not value.is_flow and value.items and not value.is_alias:
                    return max(0, value.indent - key.column)
                queue.append(value)
        elif isinstance(node, List):
            queue.extend(node.items)
    return 0
