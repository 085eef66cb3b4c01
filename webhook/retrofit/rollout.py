"""Restart an owner and watch its rollout, as `kubectl rollout restart` and `rollout status` do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http import HTTPStatus

import msgspec
from kubernetes.client import ApiClient, ApiException
from msgspec import structs

from webhook.cluster.pager import Resource
from webhook.cluster.reads import as_cluster_error
from webhook.cluster.reflector import Reflector
from webhook.cluster.request import request
from webhook.retrofit.plan import ManualRepair, Plan
from webhook.retrofit.resize import write_options
from webhook.workloads.rollout_status import RolloutStatus
from webhook.workloads.workload import Ref

_PLURALS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
_RESTARTED_AT = "kubectl.kubernetes.io/restartedAt"


class StuckError(Exception):
    """A rollout that does not finish, or brings no tailored Pods; the message says how far it came."""


def rollout_status(api: ApiClient, owner: Ref) -> RolloutStatus | None:
    """None if the owner was deleted. Raises ClusterError."""
    with as_cluster_error(str(owner)):
        try:
            return _read(owner, request(api, "GET", path_of(owner)))
        except ApiException as error:
            if error.status == HTTPStatus.NOT_FOUND:
                return None
            raise


def without_futile_restarts(api: ApiClient, plan: Plan) -> Plan:
    """The plan with restarts that would change nothing left to the user. Raises ClusterError."""
    restarts, by_hand = [], [*plan.by_hand]
    for each in plan.restarts:
        status = rollout_status(api, each.owner)
        if status and status.why_futile:
            by_hand.append(ManualRepair(each.owner, each.pods, status.why_futile))
        elif status:
            restarts.append(each)
    return structs.replace(plan, restarts=tuple(restarts), by_hand=tuple(by_hand))


def restart(api: ApiClient, owner: Ref, *, dry_run: bool) -> None:
    """Raises ClusterError."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    template = {"metadata": {"annotations": {_RESTARTED_AT: now}}}
    with as_cluster_error(str(owner)):
        body = {"spec": {"template": template}}
        request(api, "PATCH", path_of(owner), body, query=write_options(dry_run=dry_run))


def watch_rollout(api: ApiClient, owner: Ref, seconds: float) -> Iterator[tuple[int, int]]:
    """Yields `progress` at every change and returns when the rollout is done. Raises StuckError."""
    changed = threading.Event()
    reflector = Reflector(api, _kind(owner), changed.set)
    reflector.start()
    deadline = time.monotonic() + seconds
    state = "no status was read"
    try:
        while changed.wait(max(0.0, deadline - time.monotonic())):
            changed.clear()
            status = reflector.items().get(f"{owner.namespace}/{owner.name}")
            if status is None:
                raise StuckError(f"{owner}: it was deleted")
            if status.is_done:
                return
            done, wanted = status.progress
            state = f"{done} of {wanted} Pods are new and available"
            yield done, wanted
            if status.is_stuck:
                break
    finally:
        reflector.stop()
    raise StuckError(f"{owner}: timed out: {state}")


_DECODER = msgspec.json.Decoder(RolloutStatus)


def _kind(owner: Ref) -> Resource[RolloutStatus]:
    plural = _PLURALS[owner.kind]
    path = f"/apis/apps/v1/namespaces/{owner.namespace}/{plural}"
    return Resource(plural, path, lambda obj: _read(owner, obj.raw))


def path_of(owner: Ref) -> str:
    return f"/apis/apps/v1/namespaces/{owner.namespace}/{_PLURALS[owner.kind]}/{owner.name}"


def _read(owner: Ref, answer: bytes) -> RolloutStatus:
    return structs.replace(_DECODER.decode(answer), kind=owner.kind)
