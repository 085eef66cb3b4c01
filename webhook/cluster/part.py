"""The part of a cluster that a command reads, for callers who may not read all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from msgspec import Struct

from webhook.errors import ClusterError


class ClusterPart(Struct, frozen=True):
    namespace: str | None = None
    """Only this namespace and what applies in it; None for all."""
    unreadable: list[str] | None = None
    """Collects notes on what the caller may not read, so that it is not mistaken for missing.

    None if that is to be an error.
    """
    narrowed: str = ""
    """Why it is less than the caller wanted; empty if it is not."""

    @contextmanager
    def note_if_forbidden(self, what: str, unknown: str) -> Iterator[None]:
        """Note it if the caller may not read `what`; `unknown` says what follows. Raises ClusterError."""
        try:
            yield
        except ClusterError as error:
            if error.status != HTTPStatus.FORBIDDEN or self.unreadable is None:
                raise
            self.unreadable.append(f"you may not read {what}: {unknown}")


WHOLE_CLUSTER = ClusterPart()
