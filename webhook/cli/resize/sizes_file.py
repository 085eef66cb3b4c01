"""The file of `resize --from`: sizes by owner and container, as `recommend -o json` writes them.

{"recommendations": [{"owner": {"kind": "Deployment", "namespace": "shop", "name": "web"}, "container": "app",
  "to": {"requests": {"cpu": "240m", "memory": "1040Mi"}, "limits": {"memory": "1040Mi"}}}]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from webhook.documents.files import Document, field_path, read_file
from webhook.documents.problems import InvalidInputError, Problem, ProblemName
from webhook.model.names import QOS_RESOURCES
from webhook.model.patch import Path
from webhook.resize.sizes import Amount, Size, SizeError, parse_amount
from webhook.workloads.workload import Ref

Sizes = dict[Ref, dict[str, dict[str, Size]]]
"""By owner, container and resource."""


class _InvalidError(ValueError):
    def __init__(self, at: Path, message: str) -> None:
        super().__init__(message)
        self.at = at


def read_sizes(path: str) -> Sizes:
    """`-` is standard input. Raises InvalidInputError with every problem of the file."""
    problems: list[Problem] = []
    sizes: Sizes = {}
    for document in read_file(path, problems.append):
        for at, row in _rows(document, problems):
            try:
                owner, container, resources = _row(row, at)
            except _InvalidError as error:
                problems.append(_problem(document, error))
            else:
                sizes.setdefault(owner, {})[container] = resources
    if problems:
        raise InvalidInputError(*problems)
    return sizes


def _rows(document: Document, problems: list[Problem]) -> Iterator[tuple[Path, Any]]:
    rows = document.data.get("recommendations") if isinstance(document.data, dict) else None
    if isinstance(rows, list):
        yield from ((("recommendations", index), row) for index, row in enumerate(rows))
    else:
        problems.append(_problem(document, _InvalidError(("recommendations",), "must be a list")))


def _row(row: Any, at: Path) -> tuple[Ref, str, dict[str, Size]]:
    owner = _mapping(row, (*at, "owner"), "owner")
    ref = Ref(*(_text(owner, (*at, "owner", key), key) for key in ("kind", "namespace", "name")))
    to = _mapping(row, (*at, "to"), "to")
    amounts: dict[str, dict[str, Amount]] = {}
    for side in to:
        if side not in ("requests", "limits"):
            raise _InvalidError((*at, "to", side), "must be requests or limits")
        for resource, text in _mapping(to, (*at, "to", side), side).items():
            place = (*at, "to", side, str(resource))
            if resource not in QOS_RESOURCES:
                raise _InvalidError(place, "cannot be resized: only cpu and memory can")
            try:
                amounts.setdefault(resource, {})[side] = parse_amount(str(text), resource)
            except SizeError as error:
                raise _InvalidError(place, str(error)) from None
    sizes = {
        each: Size(request=found.get("requests"), limit=found.get("limits"))
        for each, found in amounts.items()
    }
    return ref, _text(row, (*at, "container"), "container"), sizes


def _mapping(parent: Any, at: Path, key: str) -> Mapping[Any, Any]:
    value = parent.get(key) if isinstance(parent, dict) else None
    if not isinstance(value, dict):
        raise _InvalidError(at, "must be a mapping")
    return value


def _text(parent: Any, at: Path, key: str) -> str:
    value = parent.get(key)
    if not isinstance(value, str) or not value:
        raise _InvalidError(at, "must be a string")
    return value


def _problem(document: Document, error: _InvalidError) -> Problem:
    return Problem(ProblemName.INVALID_FIELD, document.place(error.at), str(error), field_path(error.at))
