"""Whether the Nodes have capacity for new requests.

These are totals: a Pod may still not fit on any one Node. Required nodeAffinity is ignored, except for
DaemonSet Pods, which belong to their Node.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from webhook.audit.findings import Amounts, Demand
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import Toleration

_REPELLING = ("NoSchedule", "NoExecute")
_NO_SELECTOR = "no selector"  # for Pods that do not tolerate the taints of all Nodes


class Taint(Struct, frozen=True):
    key: str = ""
    value: str = ""
    effect: str = ""

    def is_tolerated(self, by: Iterable[Toleration]) -> bool:
        """As `ToleratesTaint` in k8s.io/api `core/v1/toleration.go`, without the operators Lt and Gt."""
        return any(
            each.effect in (None, "", self.effect)
            and each.key in (None, "", self.key)
            and (each.operator == "Exists" or (each.key and (each.value or "") == self.value))
            for each in by
        )


class Node(Struct, frozen=True):
    name: str
    labels: Mapping[str, str] = {}
    taints: tuple[Taint, ...] = ()
    allocatable: Amounts = {}

    def matches(self, demand: Demand) -> bool:
        return all(self.labels.get(key) == value for key, value in demand.node_selector.items()) and all(
            taint.is_tolerated(demand.tolerations) for taint in self.taints if taint.effect in _REPELLING
        )


class NodeCapacity(Struct, frozen=True, kw_only=True):
    """The totals of the Nodes of one node selector, with what Pods that fit only there would add."""

    selector: str
    nodes: int
    allocatable: Amounts
    requested: Amounts
    added: Amounts
    full_nodes: tuple[str, ...]
    """Nodes without room for what their DaemonSet Pods would add."""

    @property
    def shortages(self) -> tuple[str, ...]:
        """Resources of which there is not enough, unless nothing is added."""
        return tuple(
            resource
            for resource, added in self.added.items()
            if added > 0 and self.requested.get(resource, 0) + added > self.allocatable.get(resource, 0)
        )


class Capacity:
    """`add` every Pod of the cluster, then read `by_node_selector`."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._requested: dict[str, Counter[str]] = defaultdict(Counter)
        self._daemons: dict[str, Counter[str]] = defaultdict(Counter)
        self._added: dict[tuple[str, frozenset[str]], Counter[str]] = defaultdict(Counter)
        self._matching_nodes: dict[
            tuple[tuple[tuple[str, str | None], ...], tuple[Toleration, ...]], frozenset[str]
        ] = {}

    def add(self, before: Demand, after: Demand, *, node: str, of_daemon_set: bool, pods: int = 1) -> None:
        """`pods` equal Pods; `node` is the name of their Node, empty if unknown."""
        added = {
            resource: pods * (amount - before.requests.get(resource, 0))
            for resource, amount in after.requests.items()
            if resource in QOS_RESOURCES
        }
        self._requested[node].update(before.requests)
        if of_daemon_set and node:
            self._daemons[node].update(added)
        else:
            selector = ",".join(f"{key}={value}" for key, value in sorted(after.node_selector.items()))
            self._added[selector, self._nodes_for(after)].update(added)

    def by_node_selector(self) -> list[NodeCapacity]:
        """All Nodes, then each group of Nodes that new requests are bound to, largest first."""
        all_nodes = frozenset(self._nodes)
        groups = {
            (selector or _NO_SELECTOR, nodes)
            for (selector, nodes), added in self._added.items()
            if any(added.values()) and (selector or nodes != all_nodes)
        }
        largest_first = sorted(groups, key=lambda each: (-len(each[1]), each[0]))
        return [self._of_nodes("", all_nodes), *(self._of_nodes(*each) for each in largest_first)]

    def _of_nodes(self, selector: str, nodes: frozenset[str]) -> NodeCapacity:
        added: Counter[str] = Counter()
        for (_, only_nodes), new in self._added.items():
            if only_nodes <= nodes:
                added.update(new)
        for node in nodes:
            added.update(self._daemons[node])
        return NodeCapacity(
            selector=selector,
            nodes=len(nodes),
            allocatable=_sum(self._nodes[each].allocatable for each in nodes),
            requested=_sum(self._requested[each] for each in nodes),
            added={resource: added[resource] for resource in QOS_RESOURCES},
            full_nodes=tuple(sorted(each for each in nodes if self._is_full(each))),
        )

    def _is_full(self, node: str) -> bool:
        requested, allocatable = self._requested[node], self._nodes[node].allocatable
        return any(
            added > 0 and requested[resource] + added > allocatable.get(resource, 0)
            for resource, added in self._daemons[node].items()
        )

    def _nodes_for(self, demand: Demand) -> frozenset[str]:
        key = (tuple(sorted(demand.node_selector.items())), demand.tolerations)
        if key not in self._matching_nodes:
            self._matching_nodes[key] = frozenset(
                name for name, node in self._nodes.items() if node.matches(demand)
            )
        return self._matching_nodes[key]


def _sum(amounts: Iterable[Amounts]) -> Amounts:
    total: Counter[str] = Counter()
    for each in amounts:
        total.update({resource: each.get(resource, 0) for resource in QOS_RESOURCES})
    return total
