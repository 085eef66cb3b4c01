"""The patch builder: writes in, JSON Patch (RFC 6902) operations out.

Only `add` and `replace` are ever emitted, in the order of the writes, and each applies to the very object
that was viewed: parents that are missing are added whole. The API server answers a patch that does not
apply with an error even under `failurePolicy: Ignore`, so nothing else may compose a JSON pointer.
"""

from __future__ import annotations

from collections.abc import Iterable
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


class _Items(list[Any]):
    """Items to append to one list."""


def operations(writes: Iterable[Write], view: PodView, at: Path = ()) -> list[Op]:
    """The operations that make `writes` on the object that `view` shows, which stands at the path `at`."""
    tree: dict[str | int, Any] = {}
    for write in writes:
        *parents, last = write.path
        node = tree
        for step in parents:
            node = node.setdefault(step, {})
        if write.append:
            node.setdefault(last, _Items()).append(write.value)
        else:
            node[last] = _Leaf(write.value)
    ops: list[Op] = []
    _emit(tree, view, "".join(f"/{_escaped(step)}" for step in at), ops)
    return ops


class _Leaf(Struct, frozen=True):
    value: Any


def _emit(tree: dict[str | int, Any], view: Any, pointer: str, ops: list[Op]) -> None:
    for step, wanted in tree.items():
        here = f"{pointer}/{_escaped(step)}"
        there = _child(view, step)
        if there is None:
            ops.append({"op": "add", "path": here, "value": _whole(wanted)})
        elif isinstance(wanted, _Leaf):
            ops.append({"op": "replace", "path": here, "value": wanted.value})
        elif isinstance(wanted, _Items):
            ops.extend({"op": "add", "path": f"{here}/-", "value": item} for item in wanted)
        else:
            _emit(wanted, there, here, ops)


def _child(view: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return view[step]
    return view.get(step) if isinstance(view, dict) else getattr(view, step)


def _whole(wanted: Any) -> Any:
    if isinstance(wanted, _Leaf):
        return wanted.value
    if isinstance(wanted, _Items):
        return list(wanted)
    return {step: _whole(inner) for step, inner in wanted.items()}


def _escaped(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
