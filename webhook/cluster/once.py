"""What is in the cluster at this moment, for commands that look once and end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct, structs
from urllib3.exceptions import HTTPError

from webhook.cluster.client import UnreachableError
from webhook.cluster.kinds import policies_of
from webhook.cluster.listing import Kind, Object, listed
from webhook.cluster.standing import Standing, Standings
from webhook.cluster.store import Store
from webhook.cluster.writing import send
from webhook.engine.index import PolicyIndex
from webhook.engine.snapshot import Snapshot
from webhook.model.policy import Policy
from webhook.policies import crd
from webhook.policies.sources import combined

_FORBIDDEN, _NOT_FOUND = 403, 404


class _Secret(Struct, frozen=True):
    data: dict[str, bytes] = {}


def standings(api: ApiClient) -> tuple[Standing, ...]:
    """How each policy stands for a replica that starts now. Raises UnreachableError."""
    return Standings().of(known for kind in crd.KINDS for known in _listed(api, policies_of(kind)))


def documents(api: ApiClient) -> list[dict[str, Any]]:
    """The policies as they are written. Raises UnreachableError."""
    kinds = (structs.replace(policies_of(kind), read=_document) for kind in crd.KINDS)
    return [document for kind in kinds for document in _listed(api, kind)]


def pod(api: ApiClient, namespace: str, name: str) -> bytes | None:
    """A live Pod as JSON; None where there is none. Raises UnreachableError."""
    with told("pods"):
        try:
            return send(api, "GET", f"/api/v1/namespaces/{namespace}/pods/{quote(name, safe='')}")
        except ApiException as error:
            if error.status == _NOT_FOUND:
                return None
            raise


def secret(api: ApiClient, namespace: str, name: str) -> dict[str, bytes] | None:
    """What a Secret holds; None where there is none, or it is not for us to read. Raises UnreachableError."""
    with told("secrets"):
        try:
            answer = send(api, "GET", f"/api/v1/namespaces/{namespace}/secrets/{quote(name, safe='')}")
        except ApiException as error:
            if error.status in (_NOT_FOUND, _FORBIDDEN):
                return None
            raise
    return msgspec.json.decode(answer, type=_Secret).data


def check_namespace(api: ApiClient, name: str) -> None:
    """Raises UnreachableError where there is no such namespace."""
    with told(f"namespace {name}"):
        send(api, "GET", f"/api/v1/namespaces/{quote(name, safe='')}")


def snapshot(
    api: ApiClient, base: Snapshot, shipped: Iterable[Policy], own: Iterable[Policy]
) -> tuple[Snapshot, tuple[Standing, ...]]:
    """What a replica that started now would decide by, and how each policy stands.

    `own` are tried in place of what the cluster has under their names. Raises UnreachableError.
    """
    store = Store(base, shipped, [], api)
    for reflector in store.reflectors:
        with told(reflector.kind.name), none_where_unserved(reflector.kind):
            reflector.list()
    found = store.update().snapshot
    tried = PolicyIndex(combined(own, found.policies))
    return structs.replace(found, policies=tried), store.standings


def _document(found: Object) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(found.raw)
    return made


def _listed(api: ApiClient, kind: Kind[Any]) -> Iterable[Any]:
    with told(kind.name):
        return listed(api, kind)[0].values()


@contextmanager
def none_where_unserved(kind: Kind[Any]) -> Iterator[None]:
    """Where podtailor is not installed there are no policies."""
    try:
        yield
    except ApiException as error:
        if error.status != _NOT_FOUND or kind.name not in {each.plural for each in crd.KINDS}:
            raise


@contextmanager
def told(what: str) -> Iterator[None]:
    """The API server's refusal, or its absence, as UnreachableError."""
    try:
        yield
    except ApiException as error:
        raise UnreachableError(f"{what}: {error.status} {error.reason}") from error
    except (HTTPError, OSError) as error:
        # urllib3 says once more whom it called, and how often.
        raise UnreachableError(f"{what}: {getattr(error, 'reason', None) or error}") from error
