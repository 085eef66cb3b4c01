"""The patch builder: writes in, JSON Patch (RFC 6902) operations out.

Only `add` and `replace` are ever emitted, in the order of the writes, and each applies to the very object
that was viewed: parents that are missing are added whole. The API server answers a patch that does not
apply with an error even under `failurePolicy: Ignore`, so nothing else may compose a JSON pointer.
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

    A path walks field names, keys and list indexes; lists that are indexed must exist.
    """

    path: Path
    value: Any
    append: bool = False


def operations(writes: Iterable[Write], view: PodView, at: Path = ()) -> list[Op]:
    """The operations that make `writes` on the object that `view` shows, which stands at the path `at`."""
    patch = _Patch(view, at)
    for write in writes:
        if write.append:
            patch.append(write.path, write.value)
        else:
            patch.set(write.path, write.value)
    return patch.ops


_Found = tuple[Any, Any]
"""What stands at a path and None, or None and what we make there."""


class _Patch:
    """Grows write by write. A parent that is missing is one operation, and later writes grow its value."""

    def __init__(self, view: PodView, at: Path) -> None:
        self.ops: list[Op] = []
        self._view = view
        self._at = at
        self._found: dict[Path, _Found] = {}

    def set(self, path: Path, value: Any) -> None:
        parent, last = path[:-1], path[-1]
        there, made = self._found.get(parent) or self._look(parent, dict)
        if made is not None:
            made[last] = value
        else:
            is_there = _child(there, last) is not None
            self._do("replace" if is_there else "add", path, value)

    def append(self, path: Path, item: Any) -> None:
        _, made = self._found.get(path) or self._look(path, list)
        if made is not None:
            made.append(item)
        else:
            self._do("add", (*path, "-"), item)

    def _look(self, path: Path, kind: type[dict[Any, Any] | list[Any]]) -> _Found:
        there: Any = self._view
        found: _Found
        for depth, step in enumerate(path, start=1):
            # `_child` without its call: most of what a patch takes is spent on these few lines
            if type(step) is int:
                there = there[step]
            elif type(there) is dict:
                there = there.get(step)
            else:
                there = getattr(there, step)  # type: ignore[arg-type]  # a field's name
            if there is None:
                found = None, self._make(path, depth, kind)
                break
        else:
            found = there, None
        self._found[path] = found
        return found

    def _make(self, path: Path, depth: int, kind: type[dict[Any, Any] | list[Any]]) -> Any:
        """The first `depth` steps of the path lead to the first thing that is missing."""
        top = path[:depth]
        made: Any = self._found[top][1] if top in self._found else None
        if made is None:
            made = {} if depth < len(path) else kind()
            self._found[top] = None, made
            self._do("add", top, made)
        for index, step in enumerate(path[depth:], start=depth + 1):
            made = made.setdefault(step, {} if index < len(path) else kind())
        return made

    def _do(self, op: str, path: Path, value: Any) -> None:
        self.ops.append({"op": op, "path": _pointer((*self._at, *path)), "value": value})


def _child(view: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return view[step]
    return view.get(step) if isinstance(view, dict) else getattr(view, step)


# Every Pod has the same few paths: containers by their index, keys of policies.
@lru_cache(maxsize=4096)
def _pointer(path: Path) -> str:
    """RFC 6901."""
    return "".join([f"/{str(step).replace('~', '~0').replace('/', '~1')}" for step in path])
