"""Keep up with one kind of object: list in pages, watch from there, resume, list again where that fails.

The kubernetes client's SharedInformer does the same with typed objects; of ten thousand Namespaces those take
ninety megabytes where name and labels take seven, and it comes back without pause while the API server is
away. So this asks the client for bytes, and keeps of each object what `Resource.read` makes of it.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Generic

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct
from urllib3.exceptions import HTTPError

from webhook.cluster.pager import ObjectStore, Resource, T, get, list_objects, objects, parse_object
from webhook.supervision import Worker

log = logging.getLogger("podtailor.cluster")

# A watch ends by itself after this long and is taken up again; one that says nothing for longer is dead.
_WATCH_SECONDS = 60
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
_NOT_FOUND, _GONE = 404, 410
# An API server that starts answers 503 until it knows its custom resources (`CRDInformerHasNotSynced` in
# apiextensions-apiserver, k8s.io/apiserver `util/notfoundhandler`), and deletes the objects before their
# definition. So 404 while objects are held is a watch that missed that, or something in between that is
# broken: they stay in force until it has lasted this long.
_MISSING_SECONDS = 30.0


class _Event(Struct, frozen=True):
    type: str
    object: msgspec.Raw


class _Status(Struct, frozen=True):
    code: int = 0
    message: str = ""


_EVENTS = msgspec.json.Decoder(_Event)
_STATUSES = msgspec.json.Decoder(_Status)


class _GoneError(Exception):
    """The resourceVersion is too old to go on from."""


class Reflector(Worker, Generic[T]):
    """`items` is what the API server has, by `namespace/name`; `changed` is called after each change."""

    def __init__(self, api: ApiClient, resource: Resource[T], changed: Callable[[], None]) -> None:
        super().__init__(f"reflector-{resource.name}", self._keep_up)
        self.resource = resource
        self.synced = threading.Event()
        self.resource_version = ""
        """The resourceVersion up to which `items` is complete; empty while the kind is not served."""
        self.observed_at = time.monotonic()
        """When the API server was last heard of this kind, of time.monotonic."""
        self._api = api
        self._changed = changed
        self.store = resource.store()
        self._lock = threading.Lock()
        self._is_listed = False
        self._missing_since: float | None = None
        self._response: Any = None
        self._failures = 0

    def items(self) -> dict[str, T]:
        """A copy of all, as it is now."""
        with self._lock:
            return dict(self.store)

    def take_changes(self) -> tuple[dict[str, T | None], str]:
        """What has changed since the last call, by `namespace/name`; and the `resource_version` of that."""
        with self._lock:
            return self.store.take_changes(), self.resource_version

    def stop(self) -> None:
        super().stop()
        response = self._response
        if response is not None:
            with suppress(OSError, ValueError, RuntimeError):  # it has just ended by itself
                response.shutdown()  # wakes the thread that waits for the next event

    def list(self) -> None:
        """All there is, at once. Raises ApiException, and HTTPError or OSError without an API server."""
        try:
            items, resource_version = list_objects(self._api, self.resource)
        except ApiException as error:
            if error.status != _NOT_FOUND or not self.resource.is_custom:
                raise
            self._not_served(error)
            return
        if self._missing_since and self.synced.is_set():
            log.info("the API server serves this kind now", extra={"kind": self.resource.name})
        self._missing_since = None
        self._is_listed = True
        self._replace(items, resource_version)
        self._failures = 0

    def _not_served(self, error: ApiException) -> None:
        """Without its definition a kind has no objects. Raises `error` while that may pass."""
        now = time.monotonic()
        self._missing_since = self._missing_since or now
        if self.store and now - self._missing_since < _MISSING_SECONDS:
            raise error
        if self.resource_version or not self.synced.is_set():
            log.warning(
                "the API server does not serve this kind: there are none", extra={"kind": self.resource.name}
            )
            self._replace(self.resource.store(), "")
        self.observed_at = now

    def _replace(self, items: ObjectStore[T], resource_version: str) -> None:
        with self._lock:
            items.mark_changes_since(self.store)
            self.store = items
            self.resource_version = resource_version
        self.observed_at = time.monotonic()
        self.synced.set()
        self._changed()

    def _keep_up(self) -> None:
        said = ""
        while not self.stopped.is_set():
            reason = self._list_and_watch()
            if reason and reason != said and not self.stopped.is_set():
                log.warning(
                    "not heard from the API server", extra={"kind": self.resource.name, "reason": reason}
                )
            if said and not reason:
                log.info("heard from the API server again", extra={"kind": self.resource.name})
            said = reason
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._failures)
            self._failures = min(self._failures + 1, 10)
            self.stopped.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311 (no secret)

    def _list_and_watch(self) -> str:
        """One list where it is due, one watch to its end; why it ended, where that is not as it should be."""
        try:
            if not self._is_listed:
                self.list()
            if self._is_listed:
                self._complete()  # what could not be read when it was due
                self._watch()
        except _GoneError:
            self._is_listed = False
        except (ApiException, HTTPError, OSError, msgspec.MsgspecError) as error:
            # Too old to go on from; or the kind has gone, and with it its objects; or an event was none.
            if isinstance(error, msgspec.MsgspecError) or getattr(error, "status", 0) in (_GONE, _NOT_FOUND):
                self._is_listed = False
            return _short(error)
        except Exception:
            self._is_listed = False  # whatever it was that was not understood: all is listed again
            raise
        return ""

    def _watch(self) -> None:
        query = [
            ("watch", "1"),
            ("resourceVersion", self.resource_version),
            ("allowWatchBookmarks", "true"),
            ("timeoutSeconds", str(_WATCH_SECONDS)),
        ]
        self._response = get(self._api, self.resource, query)
        self.observed_at = time.monotonic()
        try:
            rest = b""
            for chunk in self._response.stream(amt=None, decode_content=False):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line:
                        self._handle_event(_EVENTS.decode(line))
                if self.stopped.is_set():
                    return
        finally:
            # Half of an answer may still be in it: the next question gets a connection of its own.
            self._response.close()
            self._response = None

    def _handle_event(self, event: _Event) -> None:
        if event.type == "ERROR":
            status = _STATUSES.decode(event.object)
            if status.code == _GONE:
                raise _GoneError
            raise ApiException(status.code, status.message)
        found = parse_object(event.object)
        if event.type == "BOOKMARK":
            self._observed(found.metadata.resourceVersion)
            return
        read = None if event.type == "DELETED" else self.resource.read(found)
        with self._lock:
            differs = self.store.drop(found.key) if read is None else self.store.put(found.key, read)
            self.resource_version = found.metadata.resourceVersion
        self._observed(found.metadata.resourceVersion)
        if differs:  # quotas count every Pod, statuses are ours: most events change nothing that we keep
            self._changed()
        self._complete()

    def _complete(self) -> None:
        """Raises as `list` does."""
        for key in self.store.incomplete():
            namespace, _, name = key.partition("/")
            query = [
                ("fieldSelector", f"metadata.namespace={namespace},metadata.name={name}"),
                # As new as what is held, and from the API server's memory: etcd would read all there are.
                ("resourceVersion", self.resource_version),
                ("resourceVersionMatch", "NotOlderThan"),
            ]
            for read in objects(
                self._api, self.resource, query
            ):  # none: the event that deletes it is to come
                with self._lock:
                    self.store.put(key, read)
                self._changed()

    def _observed(self, resource_version: str) -> None:
        self._failures = 0
        self.resource_version = resource_version
        self.observed_at = time.monotonic()


def _short(error: Exception) -> str:
    return f"{error.status} {error.reason}" if isinstance(error, ApiException) else str(error)[:300]
