"""List a resource in pages. The caller decides what is kept of each object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct

from webhook.cluster.request import GoneError, call

T = TypeVar("T")

Query = list[tuple[str, str]]
# A watch without any data for this long is dead: the API server ends each watch sooner.
_CONNECT_SECONDS, _SILENCE_SECONDS = 5, 75


class Meta(Struct, frozen=True):
    name: str = ""
    namespace: str | None = None
    uid: str = ""
    resourceVersion: str = ""
    generation: int = 0
    creationTimestamp: str | None = None
    labels: dict[str, str] | None = None


class Object(Struct, frozen=True):
    """Any object of the API: its identity, and all of it as JSON."""

    metadata: Meta
    raw: bytes

    @property
    def key(self) -> str:
        return f"{self.metadata.namespace or ''}/{self.metadata.name}"


class ObjectStore(dict[str, T]):
    """Objects of one resource by `namespace/name`, and which of them changed since `take_changes`."""

    def __init__(self) -> None:
        super().__init__()
        self._changed: set[str] = set()

    def put(self, key: str, item: T) -> bool:
        """Whether that changes anything."""
        differs = self.get(key) != item
        self[key] = item
        if differs:
            self._changed.add(key)
        return differs

    def drop(self, key: str) -> bool:
        """Whether that changes anything."""
        if self.pop(key, None) is None:
            return False
        self._changed.add(key)
        return True

    def take_changes(self) -> dict[str, T | None]:
        """What changed since the last call; None for objects that are gone."""
        changes = {key: self.get(key) for key in self._changed}
        self._changed = set()
        return changes

    def mark_changes_since(self, previous: ObjectStore[T]) -> None:
        """Mark what differs from `previous`, whose place this store takes."""
        differing = {key for key in self.keys() | previous.keys() if self.get(key) != previous.get(key)}
        self._changed = previous._changed | differing

    def incomplete(self) -> list[str]:
        """Keys of objects that are to be kept in full and are not: they have to be read again."""
        return []


class Resource(Struct, Generic[T], frozen=True):
    """What is listed or watched, and what is kept of each object."""

    name: str
    """The plural, as in the API; also used in metrics and logs."""
    path: str
    read: Callable[[Object], T]
    metadata_only: bool = False
    page: int = 500
    """Objects per page of a list."""
    is_custom: bool = False
    """A custom resource: if its definition is missing, the API server answers 404 and there are none."""
    is_optional: bool = False
    """If it may not be read, as with the role of an older installation, there are none."""
    field_selector: str = ""
    """Only these objects."""
    store: Callable[[], ObjectStore[T]] = ObjectStore


def keep_object(each: Object) -> Object:
    """For `Resource.read`: keep all of it."""
    return each


class _ListMeta(Struct, frozen=True):
    resourceVersion: str = ""
    remainingItemCount: int = 0
    continue_: str | None = msgspec.field(default=None, name="continue")


class Page(Struct, frozen=True):
    metadata: _ListMeta
    items: list[msgspec.Raw] | None
    """None for an empty list of PartialObjectMetadata."""


class _Identity(Struct, frozen=True):
    metadata: Meta


_PAGES = msgspec.json.Decoder(Page)
_IDENTITIES = msgspec.json.Decoder(_Identity)


def pages(
    api: ApiClient, resource: Resource[Any], query: Query, *, allow_inconsistent: bool = False
) -> Iterator[Page]:
    """All pages of a list at one resourceVersion.

    If that expires on the way, it raises GoneError, or with `allow_inconsistent` continues at a later one.
    Raises ApiException, and HTTPError or OSError if the API server cannot be reached.
    """
    query = [("limit", str(resource.page)), *query]
    token: str | None = ""
    while token is not None:
        try:
            page = _PAGES.decode(get(api, resource, [*query, ("continue", token)] if token else query).data)
        except GoneError as error:
            if not allow_inconsistent or not error.token or error.token == token:
                raise
            token = error.token
            continue
        yield page
        token = page.metadata.continue_ or None


def objects(api: ApiClient, resource: Resource[T], query: Query) -> Iterator[T]:
    """The objects of a list, as `Resource.read` makes them. Raises as `pages` does."""
    for page in pages(api, resource, query):
        yield from (resource.read(parse_object(raw)) for raw in page.items or ())


def list_objects(api: ApiClient, resource: Resource[T]) -> tuple[ObjectStore[T], str]:
    """All objects of a resource, and the resourceVersion of the list. Raises as `pages` does."""
    items = resource.store()
    resource_version = ""
    for page in pages(api, resource, []):
        for raw in page.items or ():
            each = parse_object(raw)
            items.put(each.key, resource.read(each))
        resource_version = page.metadata.resourceVersion
    return items, resource_version


def get(api: ApiClient, resource: Resource[Any], query: Query) -> Any:
    """The response to a list or watch, not read yet. Raises as `pages` does."""
    accept = "application/json"
    if resource.metadata_only:
        shape = "PartialObjectMetadata" if query[0][0] == "watch" else "PartialObjectMetadataList"
        accept = f"application/json;as={shape};g=meta.k8s.io;v=v1"
    if resource.field_selector:
        query = [*query, ("fieldSelector", resource.field_selector)]
    timeout = (_CONNECT_SECONDS, _SILENCE_SECONDS)
    return call(api, "GET", resource.path, query, {"Accept": accept}, None, timeout)


def parse_object(raw: msgspec.Raw | bytes) -> Object:
    return Object(_IDENTITIES.decode(raw).metadata, bytes(raw))
