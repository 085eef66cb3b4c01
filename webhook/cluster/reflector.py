"""Keep a local copy of one resource: list in pages, watch from there, resume, list again if that fails.

The kubernetes client's SharedInformer keeps typed objects: 90 MB for ten thousand Namespaces, of which names
and labels take 7. It also retries without a pause while the API server is down. So this one reads bytes, and
keeps of each object what `Resource.read` returns.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Generic

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct
from urllib3.exceptions import HTTPError

from webhook.cluster.pager import ObjectStore, Resource, T, get, list_objects, objects, parse_object
from webhook.supervision import Worker

log = logging.getLogger("podtailor.cluster")

# The API server ends a watch after this long, and the reflector resumes it.
_WATCH_SECONDS = 60
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 10.0
_LIST_AGAIN = (HTTPStatus.GONE, HTTPStatus.NOT_FOUND)
# An API server that starts answers 503 until it knows its custom resources (`CRDInformerHasNotSynced` in
# apiextensions-apiserver, k8s.io/apiserver `util/notfoundhandler`), and it deletes objects before their
# definition. So 404 while there are objects means that the watch missed their deletion, or that a proxy is
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


class _ExpiredError(Exception):
    """The resourceVersion is too old to watch from."""


class Reflector(Worker, Generic[T]):
    """`items` are the objects by `namespace/name`; `changed` is called after each change."""

    def __init__(
        self,
        api: ApiClient,
        resource: Resource[T],
        changed: Callable[[], None],
        connected: Callable[[], object] = lambda: None,
    ) -> None:
        """`connected` is called whenever the API server has answered a list, or begun a watch."""
        super().__init__(f"reflector-{resource.name}", self._run_until_stopped)
        self.resource = resource
        self.synced = threading.Event()
        self.resource_version = ""
        """The resourceVersion up to which `items` is complete; empty while the resource is not served."""
        self.observed_at = time.monotonic()
        """When the API server last answered for this resource, in time.monotonic."""
        self._api = api
        self._changed = changed
        self._connected = connected
        self.store = resource.store()
        self._lock = threading.Lock()
        self._is_listed = False
        self._missing_since: float | None = None
        self._response: Any = None
        self._failures = 0

    def items(self) -> dict[str, T]:
        """A copy of all objects."""
        with self._lock:
            return dict(self.store)

    def take_changes(self) -> tuple[dict[str, T | None], str]:
        """What changed since the last call, by `namespace/name`, and its `resource_version`."""
        with self._lock:
            return self.store.take_changes(), self.resource_version

    def stop(self) -> None:
        super().stop()
        response = self._response
        if response is not None:
            with suppress(OSError, ValueError, RuntimeError):  # it has just ended
                response.shutdown()  # wakes the thread that waits for the next event

    def list(self) -> None:
        """List all objects. Raises ApiException, HTTPError, OSError."""
        try:
            items, resource_version = list_objects(self._api, self.resource)
        except ApiException as error:
            if not self._is_missing(error):
                raise
            self._not_served(error)
            return
        if self._missing_since and self.synced.is_set():
            log.info("the API server serves this kind now", extra={"kind": self.resource.name})
        self._missing_since = None
        self._connected()
        self._is_listed = True
        self._replace(items, resource_version)
        self._failures = 0

    def _is_missing(self, error: ApiException) -> bool:
        """Whether it means that there are no objects."""
        if self.resource.is_optional:
            return error.status in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
        return self.resource.is_custom and error.status == HTTPStatus.NOT_FOUND

    def _not_served(self, error: ApiException) -> None:
        """Without its definition a resource has no objects. Raises `error` while it may be temporary."""
        now = time.monotonic()
        self._missing_since = self._missing_since or now
        if self.store and now - self._missing_since < _MISSING_SECONDS:
            raise error
        if self.resource_version or not self.synced.is_set():
            kind = {"kind": self.resource.name}
            if error.status == HTTPStatus.FORBIDDEN:
                log.warning("podtailor may not read this kind: it goes on without", extra=kind)
            else:
                log.warning("the API server does not serve this kind: there are none", extra=kind)
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

    def _run_until_stopped(self) -> None:
        failure = ""
        while not self.stopped.is_set():
            reason = self._list_and_watch()
            if reason and reason != failure and not self.stopped.is_set():
                log.warning("list or watch failed", extra={"kind": self.resource.name, "reason": reason})
            if failure and not reason:
                log.info("list and watch work again", extra={"kind": self.resource.name})
            failure = reason
            pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2**self._failures)
            self._failures = min(self._failures + 1, 10)
            self.stopped.wait(pause * random.uniform(0.5, 1.5))  # noqa: S311 (no secret)

    def _list_and_watch(self) -> str:
        """List if it is due, then watch until that ends. Returns why it failed; empty if it did not."""
        try:
            if not self._is_listed:
                self.list()
            if self._is_listed:
                self._complete()  # what failed before
                self._watch()
        except _ExpiredError:
            self._is_listed = False
        except (ApiException, HTTPError, OSError, msgspec.MsgspecError) as error:
            # List again if the resourceVersion is gone (410), the resource is no longer served, or an event
            # was malformed.
            if isinstance(error, msgspec.MsgspecError) or getattr(error, "status", 0) in _LIST_AGAIN:
                self._is_listed = False
            return _reason(error)
        except Exception:
            self._is_listed = False
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
            self._connected()
            rest = b""
            for chunk in self._response.stream(amt=None, decode_content=False):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if line:
                        self._handle_event(_EVENTS.decode(line))
                if self.stopped.is_set():
                    return
        finally:
            # Part of a response may be unread: the next request gets another connection.
            self._response.close()
            self._response = None

    def _handle_event(self, event: _Event) -> None:
        if event.type == "ERROR":
            status = _STATUSES.decode(event.object)
            if status.code == HTTPStatus.GONE:
                raise _ExpiredError
            raise ApiException(status.code, status.message)
        obj = parse_object(event.object)
        if event.type == "BOOKMARK":
            self._observed(obj.metadata.resourceVersion)
            return
        item = None if event.type == "DELETED" else self.resource.read(obj)
        with self._lock:
            differs = self.store.drop(obj.key) if item is None else self.store.put(obj.key, item)
            self.resource_version = obj.metadata.resourceVersion
        self._observed(obj.metadata.resourceVersion)
        if differs:  # most events are Pod counts of quotas and our own statuses, which are not kept
            self._changed()
        self._complete()

    def _complete(self) -> None:
        """Read again what the store lacks. Raises as `list` does."""
        for key in self.store.incomplete():
            namespace, _, name = key.partition("/")
            query = [
                ("fieldSelector", f"metadata.namespace={namespace},metadata.name={name}"),
                # At least as new as the store, and from the API server's cache: etcd would read all objects.
                ("resourceVersion", self.resource_version),
                ("resourceVersionMatch", "NotOlderThan"),
            ]
            for item in objects(self._api, self.resource, query):  # none if it has been deleted
                with self._lock:
                    self.store.put(key, item)
                self._changed()

    def _observed(self, resource_version: str) -> None:
        self._failures = 0
        self.resource_version = resource_version
        self.observed_at = time.monotonic()


def _reason(error: Exception) -> str:
    return f"{error.status} {error.reason}" if isinstance(error, ApiException) else str(error)[:300]
