"""What changes of the whole cluster would cost."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from kubernetes.client import ApiClient

from webhook.audit.costs.autoscalers import Autoscalers, Usage
from webhook.audit.costs.capacity import Capacity
from webhook.audit.costs.costs import Costs
from webhook.audit.costs.objects import AUTOSCALERS, NODES, usage_in
from webhook.audit.findings import Verdict
from webhook.cluster.pager import objects
from webhook.cluster.reads import as_cluster_error
from webhook.errors import ClusterError
from webhook.workloads.workload import Workload


def costing_of(api: ApiClient) -> tuple[Costing | None, str]:
    """None and the reason if the caller may not read Nodes or autoscalers. Raises ClusterError."""
    try:
        return Costing(api), ""
    except ClusterError as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return None, str(error)
        raise


class Costing:
    """`add` every Pod and template of the cluster, then `costs`."""

    def __init__(self, api: ApiClient) -> None:
        """Raises ClusterError."""
        self._api = api
        self._usage_by_namespace: dict[str, Mapping[str, Usage] | None] = {}
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
        return Costs(
            tuple(self._capacity.by_node_selector()), tuple(self._autoscalers.wakeups(self._usage_of))
        )

    def _usage_of(self, namespace: str) -> Mapping[str, Usage] | None:
        """None if the metrics API is not served, or the caller may not read it."""
        if namespace not in self._usage_by_namespace:
            try:
                with as_cluster_error("pods.metrics.k8s.io"):
                    self._usage_by_namespace[namespace] = dict(objects(self._api, usage_in(namespace), []))
            except ClusterError:
                self._usage_by_namespace[namespace] = None
        return self._usage_by_namespace[namespace]
