"""The data of a document as a typed value, or where it is not of that type."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from webhook.documents.yaml_tree import Location
from webhook.model.type_words import plain

T = TypeVar("T")


class ConversionError(ValueError):
    """A field of another type, that is missing or unknown."""

    def __init__(self, location: Location, message: str) -> None:
        super().__init__(message)
        self.location = location


def convert(data: Any, wanted: type[T], dec_hook: Callable[[type, Any], Any] | None = None) -> T:
    """Raises ConversionError."""
    try:
        return msgspec.convert(data, wanted, dec_hook=dec_hook)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise ConversionError(_location(path), plain(message)) from error


def _location(path: str) -> Location:
    """Of `$.containers[0].cpuPeak`, as msgspec writes it; `[...]` is a key that it does not name."""
    steps = re.findall(r"\.(\w+)|\[(\d+)\]", path.partition("[...]")[0])
    return [name or int(index) for name, index in steps]
