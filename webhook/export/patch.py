"""Operations of a JSON Patch, as expressions: the API server makes them of the Pod as it came."""

from __future__ import annotations

from webhook.export.cel import values as cel
from webhook.export.cel.code import joined
from webhook.export.cel.values import List, Text, Value
from webhook.model.patch import Path, pointer


class Operation(Value):
    """One operation. Values of maps and lists are of any type: typed ones end the request."""


def add(path: Text, value: Value) -> Operation:
    code = f"JSONPatch{{op: 'add', path: {path.code.text}, value: {value.code.text}}}"
    return Operation(joined([path.code, value.code], code))


def fixed(path: Path) -> Text:
    """A path that is known beforehand, as a JSON pointer."""
    return cel.text(pointer(path))


def only(*operations: Operation) -> List[Operation]:
    return cel.list_of(operations, Operation)


NOTHING = only()
