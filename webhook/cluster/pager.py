"""List one kind of object in pages, of which the caller keeps what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct

T = TypeVar("T")

Query = list[tuple[str, str]]
# A watch that says nothing for longer is dead: the API server ends each sooner by itself.
_CONNECT_SECONDS, _SILENCE_SECONDS = 5, 75
_OK, _GONE = 200, 410


class Meta(Struct, frozen=True):
    name: str = ""
    namespace: str | None = None
    uid: str = ""
    resourceVersion: str = ""
    generation: int = 0
    creationTimestamp: str | None = None
    labels: dict[str, str] | None = None


class Object(Struct, frozen=True):
    """Any object of the API: who it is, and the whole of it as bytes."""

    metadata: Meta
    raw: bytes

    @property
    def key(self) -> str:
        return f"{self.metadata.namespace or ''}/{self.metadata.name}"


class ObjectStore(dict[str, T]):
    """Objects of one kind by `namespace/name`, and which of them have changed since that was last asked."""

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
        """What has changed since the last call; None for what has gone."""
        changes = {key: self.get(key) for key in self._changed}
        self._changed = set()
        return changes

    def mark_changes_since(self, previous: ObjectStore[T]) -> None:
        """Take the place of `previous`: what differs has changed."""
        differing = {key for key in self.keys() | previous.keys() if self.get(key) != previous.get(key)}
        self._changed = previous._changed | differing

    def incomplete(self) -> list[str]:
        """Those of which all is to be kept, and is not: they have to be read again."""
        return []


class Resource(Struct, Generic[T], frozen=True):
    """What is watched, and what is kept of each."""

    name: str
    """In metrics and logs: the plural, as in the API."""
    path: str
    read: Callable[[Object], T]
    metadata_only: bool = False
    page: int = 500
    """How many are listed at a time."""
    is_custom: bool = False
    """Its definition may not be there: then the API server answers 404, and there are none."""
    store: Callable[[], ObjectStore[T]] = ObjectStore


def keep_object(found: Object) -> Object:
    """The `Resource.read` of who keeps all."""
    return found


class _ListMeta(Struct, frozen=True):
    resourceVersion: str = ""
    remainingItemCount: int = 0
    continue_: str | None = msgspec.field(default=None, name="continue")


class Page(Struct, frozen=True):
    metadata: _ListMeta
    items: list[msgspec.Raw] | None
    """None: an empty list of metadata alone."""


class _Identity(Struct, frozen=True):
    metadata: Meta


class _Status(Struct, frozen=True):
    message: str = ""
    metadata: _ListMeta = _ListMeta()


class GoneError(ApiException):
    """410: what was asked for is too long ago. `token`: where to go on in what there is now."""

    def __init__(self, token: str) -> None:
        super().__init__(_GONE, "too long ago")
        self.token = token


_PAGES = msgspec.json.Decoder(Page)
_STATUSES = msgspec.json.Decoder(_Status)
_IDENTITIES = msgspec.json.Decoder(_Identity)


def pages(
    api: ApiClient, resource: Resource[Any], query: Query, *, allow_inconsistent: bool = False
) -> Iterator[Page]:
    """All pages of one moment; with `allow_inconsistent` of a later one where that moment is too long ago.

    Raises ApiException, and HTTPError or OSError where the API server cannot be reached.
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
    """Raises as `pages` does."""
    for page in pages(api, resource, query):
        yield from (resource.read(parse_object(raw)) for raw in page.items or ())


def list_objects(api: ApiClient, resource: Resource[T]) -> tuple[ObjectStore[T], str]:
    """All objects of a kind, and the resourceVersion up to which that is all.

    Raises as `pages` does.
    """
    items = resource.store()
    resource_version = ""
    for page in pages(api, resource, []):
        for raw in page.items or ():
            found = parse_object(raw)
            items.put(found.key, resource.read(found))
        resource_version = page.metadata.resourceVersion
    return items, resource_version


def get(api: ApiClient, resource: Resource[Any], query: Query) -> Any:
    accept = "application/json"
    if resource.metadata_only:
        shape = "PartialObjectMetadata" if query[0][0] == "watch" else "PartialObjectMetadataList"
        accept = f"application/json;as={shape};g=meta.k8s.io;v=v1"
    response = api.call_api(
        *api.param_serialize(
            "GET",
            resource.path,
            query_params=query,
            header_params={"Accept": accept},
            auth_settings=["BearerToken"],
        ),
        _request_timeout=(_CONNECT_SECONDS, _SILENCE_SECONDS),
    ).response
    if response.status != _OK:
        raise api_exception(response.status, response.reason, response.read() or b"")
    return response


def api_exception(status: int, reason: str, body: bytes) -> ApiException:
    """In the API server's own words, where it has some."""
    try:
        said = _STATUSES.decode(body)
    except msgspec.MsgspecError:  # a proxy's page
        said = _Status()
    if status == _GONE:
        return GoneError(said.metadata.continue_ or "")
    return ApiException(status, said.message or reason)


def parse_object(raw: msgspec.Raw | bytes) -> Object:
    return Object(_IDENTITIES.decode(raw).metadata, bytes(raw))
