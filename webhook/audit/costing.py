"""What a change of the whole cluster would cost: room on its Nodes, and autoscalers that wake."""

from __future__ import annotations

from collections.abc import Mapping

from kubernetes.client import ApiClient, ApiException

from webhook.audit.autoscalers import Autoscalers, Usage
from webhook.audit.capacity import Capacity
from webhook.audit.findings import Verdict
from webhook.audit.judge import Examined
from webhook.audit.kinds import AUTOSCALERS, NODES, usages_of
from webhook.audit.tally import Costs
from webhook.cluster.client import UnreachableError
from webhook.cluster.listing import objects
from webhook.cluster.once import told

_UNSERVED = (404, 503)


class Costing:
    """Is told of every Pod and template of the cluster."""

    def __init__(self, api: ApiClient) -> None:
        """Raises UnreachableError."""
        self._api = api
        with told("nodes"):
            self._capacity = Capacity(objects(api, NODES, []))
        with told("horizontalpodautoscalers"):
            self._autoscalers = Autoscalers(objects(api, AUTOSCALERS, []))

    def add(self, examined: Examined, verdict: Verdict) -> None:
        if examined.replicas:
            self._capacity.add(
                verdict.before,
                verdict.after,
                node=examined.node,
                of_daemon_set=examined.owner.kind == "DaemonSet",
                pods=examined.replicas,
            )
        self._autoscalers.add(examined.ref, examined.owner, verdict)

    def costs(self) -> Costs:
        """Raises UnreachableError."""
        return Costs(tuple(self._capacity.rooms()), tuple(self._autoscalers.waking(self._usages)))

    def _usages(self, namespace: str) -> Mapping[str, Usage] | None:
        try:
            with told("pods.metrics.k8s.io"):
                return dict(objects(self._api, usages_of(namespace), []))
        except UnreachableError as error:
            if isinstance(error.__cause__, ApiException) and error.__cause__.status in _UNSERVED:
                return None
            raise
