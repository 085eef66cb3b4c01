"""Events, put together before they are written: many occurrences become one Event with a count.

Pure: time is an argument. What waits is bounded, and what is dropped is counted.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter

from msgspec import Struct

from webhook.model.denial import ObjectReference
from webhook.model.text import MESSAGE_LENGTH, NAME_LENGTH, truncate

# Series that are kept, some 2 KiB each; a namespace cannot crowd out the others.
MAX_SERIES, MAX_IN_A_NAMESPACE = 500, 50
# How long after its last occurrence a series is over: the next one is a new Event (client-go: 6 minutes).
_OVER_SECONDS = 600.0
# A series is written at once, then ever more rarely.
_MAX_PAUSE_SECONDS = 60.0
_NAME = re.compile(r"[a-z0-9]([-.a-z0-9]*[a-z0-9])?")


class Occurrence(Struct, frozen=True):
    """Something that happened to an object."""

    regarding: ObjectReference
    reason: str
    """CamelCase, as Kubernetes writes reasons."""
    action: str
    policies: tuple[str, ...]
    """Occurrences of other policies are another Event."""
    note: str

    @property
    def key(self) -> tuple[ObjectReference, str, tuple[str, ...]]:
        return self.regarding, self.reason, self.policies

    @property
    def namespace(self) -> str:
        """Of the Event. Those about objects of the whole cluster are in `default`, as Kubernetes requires."""
        return self.regarding.namespace or "default"


class Series(Struct, kw_only=True):
    """Occurrences that are one Event. Times are Unix time, except for `due`."""

    first: Occurrence
    began: float
    last: float
    count: int = 1
    written: int = 0
    """The count in the Event; 0 before it exists."""
    writes: int = 0
    due: float
    """When it may be written next, on the clock of the caller."""

    def name(self, instance: str) -> str:
        """Valid, and the same for a retry: `owner.1a2b3c4d5e6f7a8b`."""
        identity = repr((self.first.key, instance, self.began)).encode()
        digest = hashlib.sha256(identity).hexdigest()[:16]
        owner = self.first.regarding.name[: NAME_LENGTH - 1 - len(digest)].rstrip("-.")
        return f"{owner if _NAME.fullmatch(owner) else 'podtailor'}.{digest}"


class EventSeries:
    """All series of one replica."""

    def __init__(self) -> None:
        self._all: dict[object, Series] = {}
        self._namespaces: Counter[str] = Counter()

    def add(self, occurrence: Occurrence, at: float, now: float) -> bool:
        """`at`: Unix time; `now`: on the clock of `due`. Returns whether there was room for it."""
        series = self._all.get(occurrence.key)
        if series:
            series.count += 1
            series.last = at
            return True
        namespace = occurrence.namespace
        if len(self._all) >= MAX_SERIES or self._namespaces[namespace] >= MAX_IN_A_NAMESPACE:
            return False
        self._all[occurrence.key] = Series(first=occurrence, began=at, last=at, due=now)
        self._namespaces[namespace] += 1
        return True

    def next(self, at: float) -> Series | None:
        """The one to be written next, now or when it is due; None if all are written."""
        for series in [each for each in self._all.values() if each.written == each.count]:
            if at - series.last > _OVER_SECONDS:
                self.drop(series)
        unwritten = (each for each in self._all.values() if each.written < each.count)
        return min(unwritten, key=lambda each: each.due, default=None)

    def wrote(self, series: Series, count: int, now: float) -> None:
        """Its Event has this count."""
        series.written = count
        series.writes += 1
        series.due = now + min(_MAX_PAUSE_SECONDS, 2.0**series.writes)

    def begin_again(self, series: Series, now: float) -> None:
        """Its Event is gone, as Events are after an hour: what was not written yet becomes another one."""
        series.began, series.count = series.last, series.count - series.written
        series.written, series.due = 0, now

    def drop(self, series: Series) -> None:
        del self._all[series.first.key]
        self._namespaces[series.first.namespace] -= 1
        self._namespaces += Counter()  # without those that have none


def note(text: str) -> str:
    """At most 1,024 bytes, as the API server accepts (`NoteLengthLimit`), on one printable line."""
    cut = truncate(text, MESSAGE_LENGTH)
    while len(cut.encode()) > MESSAGE_LENGTH:
        cut = f"{cut[:-2]}…"
    return cut
