"""Write the Reports into the cluster, and delete those of namespaces without Pods or templates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http import HTTPStatus

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct

from webhook.audit.reports import openreports
from webhook.audit.reports.openreports import API_VERSION, MANAGED_BY, NAME, PLURAL
from webhook.audit.summary import Summary
from webhook.cluster.pager import Meta, Object, Resource, objects
from webhook.cluster.reads import as_cluster_error
from webhook.cluster.request import APPLY, request
from webhook.errors import ClusterError
from webhook.model.names import OWN_NAMESPACE

_ROOT = f"/apis/{API_VERSION}"
# The namespace has been deleted meanwhile, or is about to be.
_GOING = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


class _Created(Struct, frozen=True):
    metadata: Meta = Meta()


class Publisher:
    """Reports of the whole cluster, or of one namespace.

    Each belongs to the Namespace podtailor-system, and is deleted with it: an owner in another namespace
    would have it garbage-collected at once.
    """

    def __init__(self, api: ApiClient, namespace: str | None, warn: Callable[[str], object]) -> None:
        """Raises ClusterError where Reports cannot be written here at all."""
        self._api = api
        self._warn = warn
        self._there = _ours(api, namespace)
        with as_cluster_error(f"namespace {OWN_NAMESPACE}"):
            answer = request(api, "GET", f"/api/v1/namespaces/{OWN_NAMESPACE}")
        uid = msgspec.json.decode(answer, type=_Created).metadata.uid
        self._owner = {"apiVersion": "v1", "kind": "Namespace", "name": OWN_NAMESPACE, "uid": uid}

    def publish(self, summary: Summary, at: datetime) -> None:
        """Raises ClusterError."""
        found = set()
        for report in openreports.reports(summary, at):
            report["metadata"]["ownerReferences"] = [self._owner]
            name = report["metadata"]["namespace"]
            found.add(name)
            try:
                with as_cluster_error(f"report of namespace {name}"):
                    query = {"fieldManager": NAME, "force": "true"}
                    request(self._api, "PATCH", _path(name), report, content_type=APPLY, query=query)
            except ClusterError as error:
                if error.status not in _GOING:
                    raise
                self._warn(str(error))
        for stale in sorted(self._there - found):
            with as_cluster_error(f"report of namespace {stale}"), _gone_is_fine():
                request(self._api, "DELETE", _path(stale))


@contextmanager
def _gone_is_fine() -> Iterator[None]:
    """A Report may have been deleted with its namespace already."""
    try:
        yield
    except ApiException as error:
        if error.status != HTTPStatus.NOT_FOUND:
            raise


def _path(namespace: str) -> str:
    return f"{_ROOT}/namespaces/{namespace}/{PLURAL}/{NAME}"


def _ours(api: ApiClient, namespace: str | None) -> set[str]:
    """The namespaces that have a Report of ours."""
    within = f"/namespaces/{namespace}" if namespace else ""
    kind = Resource("reports.openreports.io", f"{_ROOT}{within}/{PLURAL}", _meta, metadata_only=True)
    with as_cluster_error(kind.name):
        try:
            found = [*objects(api, kind, [("labelSelector", f"{MANAGED_BY}={NAME}")])]
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise ClusterError(
                "--publish needs the CustomResourceDefinitions of openreports.io",
                name="missing-definitions",
                hint="`kubectl api-resources --api-group=openreports.io` shows whether they are there",
            ) from error
    return {each.namespace or "" for each in found if each.name == NAME}


def _meta(found: Object) -> Meta:
    return found.metadata
