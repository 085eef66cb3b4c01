"""Write the Reports into the cluster, and take away those of namespaces that have nothing any more."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import Struct

from webhook.audit.reports import openreports
from webhook.audit.reports.openreports import API_VERSION, MANAGED_BY, NAME, PLURAL
from webhook.audit.tally import Tally
from webhook.cluster.client import UnreachableError
from webhook.cluster.listing import Kind, Meta, Object, objects
from webhook.cluster.once import told
from webhook.cluster.writing import APPLY, send
from webhook.model.names import OWN_NAMESPACE

_ROOT = f"/apis/{API_VERSION}"
# Its namespace is about to go, or has gone, since it was looked at.
_GOING = (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)


class _Created(Struct, frozen=True):
    metadata: Meta = Meta()


def publish(
    api: ApiClient, tally: Tally, at: datetime, namespace: str | None, warn: Callable[[str], object]
) -> int:
    """How many Reports there are now, of the whole cluster or of one namespace.

    Each belongs to the Namespace podtailor-system, so that it goes when podtailor goes: an owner in another
    namespace would get it collected at once. Raises UnreachableError.
    """
    there = _ours(api, namespace)
    with told(f"namespace {OWN_NAMESPACE}"):
        answer = send(api, "GET", f"/api/v1/namespaces/{OWN_NAMESPACE}")
    uid = msgspec.json.decode(answer, type=_Created).metadata.uid
    owner = {"apiVersion": "v1", "kind": "Namespace", "name": OWN_NAMESPACE, "uid": uid}
    written = set()
    for report in openreports.reports(tally, at):
        report["metadata"]["ownerReferences"] = [owner]
        name = report["metadata"]["namespace"]
        try:
            with told(f"report of namespace {name}"):
                send(api, "PATCH", _path(name), report, content_type=APPLY, fieldManager=NAME, force="true")
            written.add(name)
        except UnreachableError as error:
            if not isinstance(error.__cause__, ApiException) or error.__cause__.status not in _GOING:
                raise
            warn(str(error))
    for stale in sorted(there - written):
        with told(f"report of namespace {stale}"):
            send(api, "DELETE", _path(stale))
    return len(written)


def _path(namespace: str) -> str:
    return f"{_ROOT}/namespaces/{namespace}/{PLURAL}/{NAME}"


def _ours(api: ApiClient, namespace: str | None) -> set[str]:
    """The namespaces that have a Report of ours."""
    within = f"/namespaces/{namespace}" if namespace else ""
    kind = Kind("reports.openreports.io", f"{_ROOT}{within}/{PLURAL}", _meta, metadata_only=True)
    with told(kind.name):
        try:
            found = [*objects(api, kind, [("labelSelector", f"{MANAGED_BY}={NAME}")])]
        except ApiException as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            raise UnreachableError(
                "--publish needs the CustomResourceDefinitions of openreports.io"
            ) from error
    return {each.namespace or "" for each in found if each.name == NAME}


def _meta(found: Object) -> Meta:
    return found.metadata
