"""The patch builder: writes in, JSON Patch (RFC 6902) operations out.

It emits `add` and `replace` only, in the order of the writes; missing parents are added whole. The API server
rejects the request if a patch does not apply, even under `failurePolicy: Ignore`: nothing else may compose a
JSON pointer.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from msgspec import Struct

from webhook.model.pod import PodView

Path = tuple[str | int, ...]
Op = dict[str, Any]


class Write(Struct, frozen=True):
    """A value for a path, or with `append` one more item for the list at the path.

    A path consists of field names, keys and list indexes. An indexed list must exist, or the index is 0 and
    the item an object: then both are made.
    """

    path: Path
    value: Any
    append: bool = False


def operations(writes: Iterable[Write], view: PodView, at: Path = ()) -> list[Op]:
    """The operations that make `writes` on the Pod that `view` shows, at the path `at` of its object."""
    patch = _Patch(view)
    for write in writes:
        if write.append:
            patch.append(write.path, write.value)
        else:
            patch.set(write.path, write.value)
    return [
        {"op": op, "path": pointer((*at, *path) if at else path), "value": value}
        for op, path, value in patch.ops
    ]


_Located = tuple[Any, Any]
"""The existing value at a path and None, or None and the value that the patch adds there."""


class _Patch:
    """A missing parent becomes one operation; later writes below it grow the value of that operation."""

    def __init__(self, view: PodView) -> None:
        self.ops: list[tuple[str, Path, Any]] = []
        """Operation, path, value."""
        self._view = view
        self._located: dict[Path, _Located] = {}

    def set(self, path: Path, value: Any) -> None:
        parent, last = path[:-1], path[-1]
        existing, added = self._located.get(parent) or self._locate(parent, dict)
        if added is not None:
            added[last] = value
        else:
            child = existing.get(last) if isinstance(existing, dict) else getattr(existing, str(last))
            is_set = child is not None
            self.ops.append(("replace" if is_set else "add", path, value))

    def append(self, path: Path, item: Any) -> None:
        _, added = self._located.get(path) or self._locate(path, list)
        if added is not None:
            added.append(item)
        else:
            self.ops.append(("add", (*path, "-"), item))

    def _locate(self, path: Path, empty: type[dict[Any, Any] | list[Any]]) -> _Located:
        """Walk the view along the path; what is missing is added, at its end an `empty()`."""
        value: Any = self._view
        for depth, step in enumerate(path, start=1):
            # most of the time of a patch is spent in this loop
            if type(step) is int:
                value = value[step]
            elif type(value) is dict:
                value = value.get(step)
            else:
                value = getattr(value, step)  # type: ignore[arg-type]  # a field's name
            if value is None:
                located = None, self._add_missing(path, depth, empty)
                break
        else:
            located = value, None
        self._located[path] = located
        return located

    def _add_missing(self, path: Path, depth: int, empty: type[dict[Any, Any] | list[Any]]) -> Any:
        """The first `depth` steps of the path lead to the first missing value."""
        top = path[:depth]
        added: Any = self._located[top][1] if top in self._located else None
        if added is None:
            added = _missing(path, depth, empty)
            self._located[top] = None, added
            self.ops.append(("add", top, added))
        for index, step in enumerate(path[depth:], start=depth + 1):
            is_index = type(step) is int  # of the item that `_missing` made
            added = added[step] if is_index else added.setdefault(step, _missing(path, index, empty))
        return added


def _missing(path: Path, end: int, empty: type[dict[Any, Any] | list[Any]]) -> Any:
    """What to add at `path[:end]`, so that the rest of the path can follow."""
    if end == len(path):
        return empty()
    return [{}] if type(path[end]) is int else {}


# Every Pod has the same few paths: containers by their index, keys of policies.
@lru_cache(maxsize=4096)
def pointer(path: Path) -> str:
    """RFC 6901."""
    return "".join([f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path])
