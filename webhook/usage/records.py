"""The objects of a file of usage, as they are written there."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

_Name = Annotated[str, Meta(min_length=1)]
_Count = Annotated[int, Meta(ge=0)]
_Share = Annotated[float, Meta(ge=0, le=1)]
Amounts = tuple[Annotated[float, Meta(ge=0)] | None, ...]


class Quantity:
    """Text in the file, thousandths here."""

    def __init__(self, milli: int) -> None:
        self.milli = milli


class _Record(
    Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True, forbid_unknown_fields=True
):
    """An object of the file. A field that is misspelled would be a value that is not known."""


class Peak(_Record, frozen=True):
    value: Quantity
    at: float


class History(_Record, frozen=True):
    """In thousandths of a CPU and of a byte, one for each step; null: no sample."""

    cpu: Amounts = ()
    memory: Amounts = ()


class Container(_Record, frozen=True):
    pod: _Name
    container: _Name
    first: float
    last: float
    cpu_quantile: Quantity | None = None
    cpu_peak: Peak | None = None
    memory_peak: Peak | None = None
    cpu_limit: Quantity | None = None
    memory_limit: Quantity | None = None
    points: _Count = 0
    oom_killed_at: float | None = None
    throttled: _Share | None = None
    history: History | None = None


class Window(_Record, frozen=True):
    begin: float
    end: float
    step: Annotated[float, Meta(gt=0)]


class Owner(_Record, frozen=True):
    kind: _Name
    name: _Name


class Notice(_Record, frozen=True):
    reason: str
    detail: str


class Namespace(_Record, frozen=True):
    namespace: _Name
    window: Window
    containers: tuple[Container, ...] = ()
    owners: dict[str, Owner] = {}
    problems: tuple[Notice, ...] = ()
    notes: tuple[Notice, ...] = ()
    is_history: bool = True
