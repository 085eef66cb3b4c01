"""What is in the cluster at this moment, for commands that look once and end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct, structs
from urllib3.exceptions import HTTPError

from webhook.cluster.pager import Object, Resource, T, get, listed, object_of
from webhook.cluster.part import WHOLE, Part
from webhook.cluster.policy_objects import policies_of
from webhook.cluster.policy_status import PolicyStatus, PolicyStatuses
from webhook.cluster.request import request
from webhook.cluster.snapshot_objects import NAMESPACES, QUOTAS, RANGES, bound_by, guarded_by
from webhook.cluster.version import minor_version
from webhook.engine.index import PolicyIndex
from webhook.engine.snapshot import Snapshot
from webhook.errors import ClusterError
from webhook.model.policy import Policy
from webhook.model.subject import Namespace
from webhook.policies import policy_kinds
from webhook.policies.merge import merge

_FORBIDDEN, _NOT_FOUND = 403, 404


class _Secret(Struct, frozen=True):
    data: dict[str, bytes] = {}


def standings(api: ApiClient, part: Part = WHOLE) -> tuple[PolicyStatus, ...]:
    """How each policy stands for a replica that starts now. Raises ClusterError."""
    everywhere = Part(None, part.unread)
    cluster_wide, namespaced = (policies_of(kind) for kind in policy_kinds.KINDS)
    known = _listed(api, cluster_wide, everywhere, "they are not judged, nor is what they replace")
    known += _listed(api, namespaced, part, "they are not judged")
    return PolicyStatuses().of(known)


def documents(api: ApiClient) -> list[dict[str, Any]]:
    """The policies as they are written. Raises ClusterError."""
    read = (policies_of(kind) for kind in policy_kinds.KINDS)
    kinds = (Resource(each.name, each.path, _document, page=each.page, is_custom=True) for each in read)
    return [document for kind in kinds for document in _listed(api, kind, WHOLE, "")]


def may_list_namespaces(api: ApiClient) -> bool:
    """Whether the caller may look at a whole cluster. Raises ClusterError."""
    with as_cluster_error(NAMESPACES.name):
        try:
            get(api, NAMESPACES, [("limit", "1")])
        except ApiException as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return False
            raise
    return True


def namespace_object(api: ApiClient, name: str) -> Object:
    """Raises ClusterError, also where there is no such namespace."""
    with as_cluster_error(f"namespace {name}"):
        return object_of(request(api, "GET", f"{NAMESPACES.path}/{quote(name, safe='')}"))


def pod(api: ApiClient, namespace: str, name: str) -> bytes | None:
    """A live Pod as JSON; None where there is none. Raises ClusterError."""
    with as_cluster_error("pods"):
        try:
            return request(api, "GET", f"/api/v1/namespaces/{namespace}/pods/{quote(name, safe='')}")
        except ApiException as error:
            if error.status == _NOT_FOUND:
                return None
            raise


def secret(api: ApiClient, namespace: str, name: str) -> dict[str, bytes] | None:
    """What a Secret holds; None where there is none, or it is not for us to read. Raises ClusterError."""
    with as_cluster_error("secrets"):
        try:
            answer = request(api, "GET", f"/api/v1/namespaces/{namespace}/secrets/{quote(name, safe='')}")
        except ApiException as error:
            if error.status in (_NOT_FOUND, _FORBIDDEN):
                return None
            raise
    return msgspec.json.decode(answer, type=_Secret).data


def snapshot(
    api: ApiClient, base: Snapshot, shipped: Iterable[Policy], own: Iterable[Policy], part: Part = WHOLE
) -> tuple[Snapshot, tuple[PolicyStatus, ...]]:
    """What a replica that started now would decide by, and how each policy stands.

    `own` are tried in place of what the cluster has under their names. Raises ClusterError.
    """
    found = standings(api, part)
    in_force = merge((each.policy for each in found if each.policy), shipped)
    namespaces = _namespaces(api, part)
    for quota in _listed(api, QUOTAS, part, "whether they refuse a Pod for what it requests is unknown"):
        if quota.namespace in namespaces:
            namespaces[quota.namespace] = guarded_by(namespaces[quota.namespace], quota)
    for bounds in _listed(api, RANGES, part, "their bounds are unknown"):
        if bounds.namespace in namespaces:
            namespaces[bounds.namespace] = bound_by(namespaces[bounds.namespace], bounds)
    policies = PolicyIndex(merge(own, in_force))
    version = minor_version(api)
    return structs.replace(
        base, policies=policies, namespaces=namespaces, knows_namespaces=True, kubernetes=version
    ), found


def _namespaces(api: ApiClient, part: Part) -> dict[str, Namespace]:
    name = part.namespace
    if name is None:
        return {each.name: each for each in _listed(api, NAMESPACES, WHOLE, "")}
    found = Namespace(name)
    with part.noted(f"namespace {name}", "it is taken to have no labels"):
        found = NAMESPACES.read(namespace_object(api, name))
    return {name: found}


def _document(found: Object) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(found.raw)
    return made


def _listed(api: ApiClient, kind: Resource[T], part: Part, unknown: str) -> list[T]:
    """`unknown`: what it means where they may not be read."""
    found: list[T] = []
    with part.noted(kind.name, unknown), as_cluster_error(kind.name), none_where_unserved(kind):
        found += listed(api, within(kind, part.namespace))[0].values()
    return found


def within(kind: Resource[T], namespace: str | None) -> Resource[T]:
    """The objects of one namespace; None: of all."""
    if namespace is None:
        return kind
    root, _, plural = kind.path.rpartition("/")
    return structs.replace(kind, path=f"{root}/namespaces/{quote(namespace, safe='')}/{plural}")


@contextmanager
def none_where_unserved(kind: Resource[Any]) -> Iterator[None]:
    """Where podtailor is not installed there are no policies."""
    try:
        yield
    except ApiException as error:
        if error.status != _NOT_FOUND or not kind.is_custom:
            raise


@contextmanager
def as_cluster_error(what: str) -> Iterator[None]:
    """The API server's refusal, or its absence, as ClusterError."""
    try:
        yield
    except ApiException as error:
        raise ClusterError(f"{what}: {error.status} {error.reason}", error.status or 0) from error
    except (HTTPError, OSError) as error:
        # urllib3 says once more whom it called, and how often.
        raise ClusterError(f"{what}: {getattr(error, 'reason', None) or error}") from error
