"""One-time reads of a cluster, for commands."""

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

from webhook.cluster.failures import failure
from webhook.cluster.image_platforms import IMAGE_PLATFORMS
from webhook.cluster.pager import (
    Object,
    Resource,
    T,
    get,
    keep_object,
    list_objects,
    objects,
    parse_object,
)
from webhook.cluster.part import WHOLE_CLUSTER, ClusterPart
from webhook.cluster.policy_objects import policies_of
from webhook.cluster.policy_status import PolicyStatus, PolicyStatuses
from webhook.cluster.request import request
from webhook.cluster.snapshot_objects import LIMIT_RANGES, NAMESPACES, QUOTAS, with_limit_range, with_quota
from webhook.cluster.version import minor_version
from webhook.engine.index import PolicyIndex
from webhook.engine.snapshot import Snapshot
from webhook.model.policy import Policy
from webhook.model.subject import Namespace
from webhook.policies import policy_kinds
from webhook.policies.merge import merge
from webhook.workloads.controllers import Controller


class _Secret(Struct, frozen=True):
    data: dict[str, bytes] = {}


def policy_statuses(api: ApiClient, part: ClusterPart = WHOLE_CLUSTER) -> tuple[PolicyStatus, ...]:
    """The status of each policy as a replica that starts now would see it. Raises ClusterError."""
    everywhere = ClusterPart(None, part.unreadable)
    cluster_wide, namespaced = (policies_of(kind) for kind in policy_kinds.KINDS)
    policies = _list(
        api, cluster_wide, everywhere, "they are ignored, even if they replace policies that ship"
    )
    policies += _list(api, namespaced, part, "they are ignored")
    return PolicyStatuses().replace_all(policies)


def policy_document(api: ApiClient, key: str) -> dict[str, Any] | None:
    """The policy as the API server has it; None if it does not exist. Raises ClusterError.

    `key`: `name`, or `namespace/name` of a WorkloadPolicy.
    """
    namespace, _, name = key.rpartition("/")
    kind = policy_kinds.KINDS[bool(namespace)]
    path = in_namespace(policies_of(kind), namespace or None).path
    with as_cluster_error(f"{kind.kind} {key}"):
        body = _get_if_exists(api, f"{path}/{quote(name, safe='')}") if name else None
    return msgspec.json.decode(body) if body else None


def may_list_namespaces(api: ApiClient) -> bool:
    """Whether the caller may list all namespaces. Raises ClusterError."""
    with as_cluster_error(NAMESPACES.name):
        try:
            get(api, NAMESPACES, [("limit", "1")])
        except ApiException as error:
            if error.status == HTTPStatus.FORBIDDEN:
                return False
            raise
    return True


def namespace_object(api: ApiClient, name: str) -> Object:
    """Raises ClusterError, also if the namespace does not exist."""
    with as_cluster_error(f"namespace {name}"):
        return parse_object(request(api, "GET", f"{NAMESPACES.path}/{quote(name, safe='')}"))


def pod(api: ApiClient, namespace: str, name: str) -> bytes | None:
    """A live Pod as JSON; None if it does not exist. Raises ClusterError."""
    with as_cluster_error("pods"):
        return _get_if_exists(api, f"/api/v1/namespaces/{namespace}/pods/{quote(name, safe='')}")


def owner(api: ApiClient, kind: Controller, namespace: str, name: str) -> bytes | None:
    """An object that makes Pods, as JSON; None if it does not exist. Raises ClusterError.

    It is listed, as by the audit, so that no further right is needed.
    """
    resource = Resource(kind.plural, kind.path(namespace), keep_object)
    with as_cluster_error(kind.plural):
        found = objects(api, resource, [("fieldSelector", f"metadata.name={name}")])
        return next((each.raw for each in found), None)


def names(api: ApiClient, kind: Controller, namespace: str) -> list[str]:
    """Of all objects of a kind in a namespace. Raises ClusterError."""
    resource = Resource(kind.plural, kind.path(namespace), _name, metadata_only=True)
    with as_cluster_error(kind.plural):
        return list(list_objects(api, resource)[0].values())


def _name(each: Object) -> str:
    return each.metadata.name


def image_platforms(api: ApiClient, part: ClusterPart) -> str:
    """The lines of the ConfigMap; empty if there is none. Raises ClusterError."""
    return "\n".join(
        _list(api, IMAGE_PLATFORMS, ClusterPart(None, part.unreadable), "nothing is known of images")
    )


def secret(api: ApiClient, namespace: str, name: str) -> dict[str, bytes] | None:
    """The data of a Secret; None if it does not exist. Raises ClusterError."""
    with as_cluster_error("secrets"):
        body = _get_if_exists(api, f"/api/v1/namespaces/{namespace}/secrets/{quote(name, safe='')}")
    return msgspec.json.decode(body, type=_Secret).data if body else None


def _get_if_exists(api: ApiClient, path: str) -> bytes | None:
    """The object as JSON; None if it does not exist. Raises as `request` does."""
    try:
        return request(api, "GET", path)
    except ApiException as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def snapshot(
    api: ApiClient,
    base: Snapshot,
    shipped: Iterable[Policy],
    own: Iterable[Policy],
    part: ClusterPart = WHOLE_CLUSTER,
) -> tuple[Snapshot, tuple[PolicyStatus, ...]]:
    """The snapshot of a replica that starts now, and the status of each policy.

    Policies of `own` take the place of the cluster's policies of the same name. Raises ClusterError.
    """
    statuses = policy_statuses(api, part)
    in_force = merge((each.policy for each in statuses if each.policy), shipped)
    namespaces = _namespaces(api, part)
    for quota in _list(api, QUOTAS, part, "whether they refuse a Pod is unknown"):
        if quota.namespace in namespaces:
            namespaces[quota.namespace] = with_quota(namespaces[quota.namespace], quota)
    for bounds in _list(api, LIMIT_RANGES, part, "their bounds are unknown"):
        if bounds.namespace in namespaces:
            namespaces[bounds.namespace] = with_limit_range(namespaces[bounds.namespace], bounds)
    policies = PolicyIndex(merge(own, in_force))
    snapshot = structs.replace(base, policies=policies, namespaces=namespaces, knows_namespaces=True)
    return structs.replace(snapshot, kubernetes=minor_version(api) or base.kubernetes), statuses


def _namespaces(api: ApiClient, part: ClusterPart) -> dict[str, Namespace]:
    name = part.namespace
    if name is None:
        return {each.name: each for each in _list(api, NAMESPACES, WHOLE_CLUSTER, "")}
    namespace = Namespace(name)
    with part.note_if_forbidden(f"namespace {name}", "it is assumed to have no labels"):
        namespace = NAMESPACES.read(namespace_object(api, name))
    return {name: namespace}


def _list(api: ApiClient, resource: Resource[T], part: ClusterPart, unknown: str) -> list[T]:
    """`unknown`: what follows if they may not be read."""
    items: list[T] = []
    with (
        part.note_if_forbidden(resource.name, unknown),
        as_cluster_error(resource.name),
        empty_if_not_served(resource),
    ):
        items += list_objects(api, in_namespace(resource, part.namespace))[0].values()
    return items


def in_namespace(resource: Resource[T], namespace: str | None) -> Resource[T]:
    """The resource in one namespace; in all for None."""
    if namespace is None:
        return resource
    root, _, plural = resource.path.rpartition("/")
    return structs.replace(resource, path=f"{root}/namespaces/{quote(namespace, safe='')}/{plural}")


@contextmanager
def empty_if_not_served(resource: Resource[Any]) -> Iterator[None]:
    """Without podtailor's custom resource definitions there are no policies."""
    try:
        yield
    except ApiException as error:
        if error.status != HTTPStatus.NOT_FOUND or not resource.is_custom:
            raise


@contextmanager
def as_cluster_error(what: str) -> Iterator[None]:
    """Turn a refusal of the API server, or a failure to reach it, into ClusterError."""
    try:
        yield
    except (ApiException, HTTPError, OSError) as error:
        raise failure(what, error) from error
