"""What is in the cluster at this moment, for commands that look once and end."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import structs
from urllib3.exceptions import HTTPError

from webhook.cluster.client import UnreachableError
from webhook.cluster.kinds import NAMESPACES, QUOTAS, RANGES, policies_of
from webhook.cluster.reflector import Kind, Object, listed
from webhook.cluster.store import Store
from webhook.engine.snapshot import Snapshot
from webhook.model.policy import Policy
from webhook.policies import crd
from webhook.policies.sources import Update

# A command that waits longer than this has nobody left in front of it.
_SECONDS = 30
_NOT_FOUND = 404


def policies(api: ApiClient) -> tuple[list[Policy], list[str]]:
    """The policies, and `kind name: what is wrong` of those that are none. Raises UnreachableError."""
    found, problems = [], []
    for kind in crd.KINDS:
        for known in _listed(api, policies_of(kind)):
            if known.policy:
                found.append(known.policy)
            else:
                problems.append(f"{kind.kind} {known.metadata.name}: {known.problem}")
    return found, problems


def documents(api: ApiClient) -> list[dict[str, Any]]:
    """The policies as they are written. Raises UnreachableError."""
    kinds = (structs.replace(policies_of(kind), read=_document) for kind in crd.KINDS)
    return [document for kind in kinds for document in _listed(api, kind)]


def pod(api: ApiClient, namespace: str, name: str) -> dict[str, Any] | None:
    """A live Pod; None where there is none. Raises UnreachableError."""
    from kubernetes.client import CoreV1Api  # noqa: PLC0415 (twenty megabytes that the server does without)

    try:
        response: Any = CoreV1Api(api).read_namespaced_pod(name, namespace, _preload_content=False)
    except ApiException as error:
        if error.status == _NOT_FOUND:
            return None
        raise UnreachableError(f"pods: {error.status} {error.reason}") from error
    except HTTPError as error:
        raise UnreachableError(f"pods: {error}") from error
    return {"apiVersion": "v1", "kind": "Pod", **msgspec.json.decode(response.data)}


def snapshot(api: ApiClient, base: Snapshot, shipped: Iterable[Policy], paths: list[str]) -> Snapshot:
    """What a replica that started now would decide by. Raises UnreachableError, and InputError for files."""
    kinds: list[Kind[Any]] = [NAMESPACES, QUOTAS, RANGES, *map(policies_of, crd.KINDS)]
    for kind in kinds:
        _listed(api, kind)  # says at once what is forbidden or not there
    taken: list[Update] = []
    there = threading.Event()

    def take(update: Update) -> None:
        taken.append(update)
        there.set()

    store = Store(base, shipped, paths, api)
    store.start(take)
    try:
        if not there.wait(_SECONDS):
            raise UnreachableError(f"not listed within {_SECONDS} s: {', '.join(store.waits_for())}")
    finally:
        store.stop()
    return taken[0].snapshot


def _document(found: Object) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(found.raw)
    return made


def _listed(api: ApiClient, kind: Kind[Any]) -> Iterable[Any]:
    try:
        return listed(api, kind)[0].values()
    except ApiException as error:
        raise UnreachableError(f"{kind.name}: {error.status} {error.reason}") from error
    except (HTTPError, OSError) as error:
        raise UnreachableError(f"{kind.name}: {error}") from error
