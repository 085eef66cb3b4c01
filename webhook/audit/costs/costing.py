"""What a change of the whole cluster would cost: room on its Nodes, and autoscalers that wake."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from kubernetes.client import ApiClient
from msgspec import Struct

from webhook.audit.costs.autoscalers import Autoscalers, Usage, Wakeup
from webhook.audit.costs.capacity import Capacity, NodeCapacity
from webhook.audit.costs.objects import AUTOSCALERS, NODES, usages_of
from webhook.audit.findings import Verdict
from webhook.cluster.pager import objects
from webhook.cluster.reads import as_cluster_error
from webhook.errors import ClusterError
from webhook.workloads.workload import Workload


class Costs(Struct, frozen=True):
    """What the whole of it would cost. Empty where only a part of the cluster was looked at."""

    capacity: tuple[NodeCapacity, ...] = ()
    wakeups: tuple[Wakeup, ...] = ()
    unknown_reason: str = ""
    """Why there is nothing here."""


def costing_of(api: ApiClient) -> tuple[Costing | None, str]:
    """None, and why, for who may not read Nodes or autoscalers. Raises ClusterError."""
    try:
        return Costing(api), ""
    except ClusterError as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return None, str(error)
        raise


class Costing:
    """Is told of every Pod and template of the cluster."""

    def __init__(self, api: ApiClient) -> None:
        """Raises ClusterError."""
        self._api = api
        self._known: dict[str, Mapping[str, Usage] | None] = {}
        with as_cluster_error("nodes"):
            self._capacity = Capacity(objects(api, NODES, []))
        with as_cluster_error("horizontalpodautoscalers"):
            self._autoscalers = Autoscalers(objects(api, AUTOSCALERS, []))

    def add(self, workload: Workload, verdict: Verdict) -> None:
        if workload.replicas:
            self._capacity.add(
                verdict.before,
                verdict.after,
                node=workload.node,
                of_daemon_set=workload.owner.kind == "DaemonSet",
                pods=workload.replicas,
            )
        self._autoscalers.add(workload.ref, workload.owner, verdict)

    def costs(self) -> Costs:
        return Costs(tuple(self._capacity.by_node_selector()), tuple(self._autoscalers.wakeups(self._usages)))

    def _usages(self, namespace: str) -> Mapping[str, Usage] | None:
        """None where no metrics API answers, or not to us: what Pods use is then not known."""
        if namespace not in self._known:
            try:
                with as_cluster_error("pods.metrics.k8s.io"):
                    self._known[namespace] = dict(objects(self._api, usages_of(namespace), []))
            except ClusterError:
                self._known[namespace] = None
        return self._known[namespace]
