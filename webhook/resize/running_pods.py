"""The Pods of a namespace, watched while they are resized, and the request that resizes one.

This is the only module that writes to the subresource `resize`.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from types import TracebackType
from typing import Self
from urllib.parse import quote

import msgspec
from kubernetes.client import ApiClient
from msgspec import Struct, structs

from webhook.cluster.pager import Object, Resource, objects
from webhook.cluster.reads import as_cluster_error, in_namespace
from webhook.cluster.reflector import Reflector
from webhook.cluster.request import STRATEGIC, request
from webhook.errors import ClusterError
from webhook.model.notice import Notice
from webhook.model.selectors import LabelSelector
from webhook.resize.owner_object import FIELD_MANAGER
from webhook.resize.owners import PODS
from webhook.resize.plan import Plan, PodPlan, is_gone, patch
from webhook.resize.pod import Pod, Values, read_pod


class _BudgetSpec(Struct, frozen=True):
    selector: LabelSelector | None = None


class _BudgetStatus(Struct, frozen=True):
    disruptionsAllowed: int = 0


class _Budget(Struct, frozen=True):
    spec: _BudgetSpec = _BudgetSpec()
    status: _BudgetStatus = _BudgetStatus()


def resize(api: ApiClient, pod: Pod, values: Values, *, dry_run: bool = False) -> Pod:
    """Give a Pod these values; returns it as stored. Raises ClusterError."""
    path = f"/api/v1/namespaces/{pod.metadata.namespace}/pods/{quote(pod.name, safe='')}/resize"
    query = {"fieldManager": FIELD_MANAGER, **({"dryRun": "All"} if dry_run else {})}
    with as_cluster_error(pod.title):
        return read_pod(request(api, "PATCH", path, patch(pod, values), content_type=STRATEGIC, query=query))


def asked(api: ApiClient, plan: Plan) -> Plan:
    """The plan with what the API server says to it, which knows LimitRanges, quotas and from 1.36 on Nodes.

    Raises ClusterError if the caller may not resize Pods, or the API server does not answer.
    """
    return structs.replace(plan, pods=tuple(_asked(api, each) if each.is_due else each for each in plan.pods))


def _asked(api: ApiClient, each: PodPlan) -> PodPlan:
    try:
        resize(api, each.pod, each.after, dry_run=True)
    except ClusterError as error:
        if is_gone(error):
            return each.without(Notice("gone", "it was deleted meanwhile"))
        if error.status not in _REFUSALS or "cannot patch resource" in str(error):
            raise
        answer = str(error).removeprefix(f"{each.pod.title}: ")
        return structs.replace(each, refusals=(Notice("api-server", answer),))
    return each


_REFUSALS = (HTTPStatus.FORBIDDEN, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)


class RunningPods:
    """Watches while it is entered."""

    def __init__(self, api: ApiClient, namespace: str) -> None:
        self._api = api
        self._namespace = namespace
        self._changed = threading.Event()
        self._reflector = Reflector(api, in_namespace(PODS, namespace), self._changed.set)

    def __enter__(self) -> Self:
        """Raises ClusterError if Pods cannot be listed."""
        with as_cluster_error("pods"):
            self._reflector.list()
        self._reflector.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._reflector.stop()

    def get(self, name: str) -> Pod | None:
        return self._reflector.items().get(f"{self._namespace}/{name}")

    def wait(self, seconds: float) -> None:
        self._changed.wait(max(0.0, seconds))
        self._changed.clear()

    def resize(self, pod: Pod, values: Values) -> Pod:
        return resize(self._api, pod, values)

    def disruption_refused(self, pod: Pod) -> str:
        """Raises ClusterError if the budgets cannot be read."""
        labels = pod.metadata.labels or {}
        with as_cluster_error(_BUDGETS.name):
            for name, budget in objects(self._api, in_namespace(_BUDGETS, self._namespace), []):
                selector = budget.spec.selector
                covers = selector is not None and selector.compiled().first_unmet(labels) is None
                if covers and budget.status.disruptionsAllowed < 1:
                    return f"PodDisruptionBudget {name} allows no disruption now"
        return ""


def _budget(obj: Object) -> tuple[str, _Budget]:
    return obj.metadata.name, _DECODER.decode(obj.raw)


_DECODER = msgspec.json.Decoder(_Budget)
_BUDGETS = Resource("poddisruptionbudgets", "/apis/policy/v1/poddisruptionbudgets", _budget)
