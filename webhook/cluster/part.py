"""The part of a cluster that a command looks at, as a caller who may not read all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from msgspec import Struct

from webhook.errors import ClusterError


class ClusterPart(Struct, frozen=True):
    namespace: str | None = None
    """Only what is in it, or decides in it; None: in all."""
    unreadable: list[str] | None = None
    """Collects, in words, what the caller may not read: that is never taken for "there is none".

    None: what may not be read is an error.
    """
    narrowed: str = ""
    """Why it is less than what was asked for."""

    @contextmanager
    def note_if_forbidden(self, what: str, unknown: str) -> Iterator[None]:
        """Goes on where the caller may not read `what`; `unknown` says what that means.

        Raises ClusterError.
        """
        try:
            yield
        except ClusterError as error:
            if error.status != HTTPStatus.FORBIDDEN or self.unreadable is None:
                raise
            self.unreadable.append(f"you may not read {what}: {unknown}")


WHOLE_CLUSTER = ClusterPart()
