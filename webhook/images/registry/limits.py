"""How much a registry still answers. Nodes often share our address, and so our limit: they come first.

https://docs.docker.com/docker-hub/usage/pulls
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import NamedTuple

from urllib3 import Retry
from urllib3.exceptions import InvalidHeader

from webhook.images.registry.image import RegistryError

# Of what a registry allows; the rest is for the Nodes.
_KEPT = 0.2
# `76;w=21600`: 76 in the next six hours. Docker Hub's window, if none is named.
_AMOUNT = re.compile(r"\s*(\d{1,12})(?!\d)\s*(?:;\s*w=(\d{1,9}))?")
_WINDOW = 21_600
# If a registry refuses without saying for how long, or does not answer.
_REFUSAL = 60
# In a row. Each may take as long as a call may, and hundreds of images may be of one host.
_MAX_FAILURES = 3


class _Stop(NamedTuple):
    until: float
    reason: str


class Limits:
    """Of each host. May be used by several threads."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._stops: dict[str, _Stop] = {}
        self._failures: dict[str, int] = {}

    def check(self, host: str) -> None:
        """Raises RegistryError while the host is not to be asked."""
        stop = self._stops.get(host)
        if stop and self._now() < stop.until:
            raise RegistryError(stop.reason)

    def note(self, host: str, status: int, headers: Mapping[str, str]) -> None:
        """What the answer says of the next requests."""
        self._failures.pop(host, None)
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            seconds = _seconds(headers.get("Retry-After", ""))
            self._stops[host] = _Stop(self._now() + seconds, f"{status} from {host}")
            return
        remaining = _AMOUNT.match(headers.get("RateLimit-Remaining", ""))
        limit = _AMOUNT.match(headers.get("RateLimit-Limit", ""))
        if remaining and limit and int(remaining[1]) < _KEPT * int(limit[1]):
            reason = f"{remaining[1]} of {limit[1]} requests left at {host}, which are for Nodes"
            self._stops[host] = _Stop(self._now() + int(remaining[2] or _WINDOW), reason)

    def failed(self, host: str, reason: str) -> None:
        """It gave no answer."""
        self._failures[host] = self._failures.get(host, 0) + 1
        if self._failures[host] >= _MAX_FAILURES:
            self._stops[host] = _Stop(self._now() + _REFUSAL, reason)


def _seconds(retry_after: str) -> float:
    """At most six hours; a number, or a date."""
    try:
        return min(Retry().parse_retry_after(retry_after), _WINDOW)
    except (InvalidHeader, ValueError, OverflowError):
        return _REFUSAL
