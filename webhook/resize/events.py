"""Events about a resize: what `kubectl describe` shows later, of a Pod and of its owner.

A note on the Pod itself cannot be made: the API server drops labels and annotations of a resize.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from kubernetes.client import ApiClient

from webhook.cluster.event_series import note
from webhook.cluster.reads import as_cluster_error
from webhook.cluster.request import JSON, request
from webhook.errors import ClusterError
from webhook.resize.owners import Owner
from webhook.resize.results import Outcome, Result

_CONTROLLER = "podtailor.dev/cli"


def write_events(api: ApiClient, owner: Owner, results: Sequence[Result]) -> str:
    """One for each Pod that was resized or given its old values again, and one for the owner.

    Returns why one was not written, and no further one was tried; empty too without the right to create them.
    """
    told = [each for each in results if each.outcome.is_resized or each.outcome is Outcome.REVERTED]
    try:
        for each in told:
            _write(api, owner, each)
        if told and owner.ref.kind != "Pod":
            resized = sum(each.outcome.is_resized for each in told)
            text = f"{resized} of {len(results)} Pods resized"
            reason = "Resized" if resized == len(told) else "ResizeReverted"
            _post(api, owner.ref.namespace, _reference(owner), reason, text)
    except ClusterError as error:
        return "" if error.status == HTTPStatus.FORBIDDEN else str(error)
    return ""


def _write(api: ApiClient, owner: Owner, result: Result) -> None:
    pod = result.plan.pod
    regarding = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": pod.name,
        "namespace": owner.ref.namespace,
        "uid": pod.uid,
    }
    changes = ", ".join(
        f"{change.field} {change.before or 'none'} -> {change.after}" for change in result.plan.changes
    )
    if result.outcome is Outcome.REVERTED:
        _post(
            api, owner.ref.namespace, regarding, "ResizeReverted", f"{result.message} ({changes} taken back)"
        )
    else:
        _post(api, owner.ref.namespace, regarding, "Resized", changes)


def _reference(owner: Owner) -> dict[str, str]:
    version = {"ReplicationController": "v1", "CronJob": "batch/v1", "Job": "batch/v1"}
    return {
        "apiVersion": version.get(owner.ref.kind, "apps/v1"),
        "kind": owner.ref.kind,
        "name": owner.ref.name,
        "namespace": owner.ref.namespace,
        "uid": owner.metadata.uid,
    }


def _post(api: ApiClient, namespace: str, regarding: dict[str, str], reason: str, text: str) -> None:
    event: dict[str, Any] = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": f"{regarding['name']}.{uuid4().hex[:16]}", "namespace": namespace},
        "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "reportingController": _CONTROLLER,
        "reportingInstance": "podtailor",
        "action": "Resize",
        "reason": reason,
        "regarding": regarding,
        "note": note(text),
        "type": "Warning" if reason == "ResizeReverted" else "Normal",
    }
    with as_cluster_error("events"):
        request(
            api, "POST", f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", event, content_type=JSON
        )
