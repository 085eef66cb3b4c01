"""Whether the Nodes have what Pods would newly request.

Sums only: a Pod may still find no single Node with room for it. What required nodeAffinity says is not looked
at, but for the Pods of DaemonSets, each of which belongs to the Node that it is on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from msgspec import Struct

from webhook.audit.findings import Amounts, Demand
from webhook.model.names import QOS_RESOURCES
from webhook.model.pod import Toleration

_KEEPS_AWAY = ("NoSchedule", "NoExecute")
_NO_SELECTOR = "no selector"  # and not every taint tolerated


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

    def takes(self, demand: Demand) -> bool:
        return all(self.labels.get(key) == value for key, value in demand.node_selector.items()) and all(
            taint.is_tolerated(demand.tolerations) for taint in self.taints if taint.effect in _KEEPS_AWAY
        )


class NodeCapacity(Struct, frozen=True):
    """What the Nodes of one node selector have, and what the Pods that can go nowhere else would add."""

    selector: str
    nodes: int
    allocatable: Amounts
    requested: Amounts
    added: Amounts
    full_nodes: tuple[str, ...]
    """Nodes on which the DaemonSets' Pods alone would not fit."""

    @property
    def shortages(self) -> tuple[str, ...]:
        """Resources of which there is not enough. What is over-committed already is not ours to tell."""
        return tuple(
            resource
            for resource, added in self.added.items()
            if added > 0 and self.requested.get(resource, 0) + added > self.allocatable.get(resource, 0)
        )


class Capacity:
    """Is told of every Pod of the cluster, and sums up."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._nodes = {node.name: node for node in nodes}
        self._requested: dict[str, Counter[str]] = defaultdict(Counter)
        self._daemons: dict[str, Counter[str]] = defaultdict(Counter)
        self._added: dict[tuple[str, frozenset[str]], Counter[str]] = defaultdict(Counter)
        self._places: dict[
            tuple[tuple[tuple[str, str | None], ...], tuple[Toleration, ...]], frozenset[str]
        ] = {}

    def add(self, before: Demand, after: Demand, *, node: str, of_daemon_set: bool, pods: int = 1) -> None:
        """Pods of one kind; `node` is where they are or must go, empty while nobody knows."""
        new = {
            resource: pods * (amount - before.requests.get(resource, 0))
            for resource, amount in after.requests.items()
            if resource in QOS_RESOURCES
        }
        self._requested[node].update(before.requests)
        if of_daemon_set and node:
            self._daemons[node].update(new)
        else:
            selector = ",".join(f"{key}={value}" for key, value in sorted(after.node_selector.items()))
            self._added[selector, self._places_of(after)].update(new)

    def by_node_selector(self) -> list[NodeCapacity]:
        """All Nodes, then each choice of them that new requests have, the widest first."""
        everywhere = frozenset(self._nodes)
        groups = {
            (selector or _NO_SELECTOR, places)
            for (selector, places), new in self._added.items()
            if any(new.values()) and (selector or places != everywhere)
        }
        widest_first = sorted(groups, key=lambda each: (-len(each[1]), each[0]))
        return [self._of_nodes("", everywhere), *(self._of_nodes(*each) for each in widest_first)]

    def _of_nodes(self, selector: str, nodes: frozenset[str]) -> NodeCapacity:
        added: Counter[str] = Counter()
        for (_, places), new in self._added.items():
            if places <= nodes:
                added.update(new)
        for node in nodes:
            added.update(self._daemons[node])
        return NodeCapacity(
            selector,
            len(nodes),
            _sum(self._nodes[each].allocatable for each in nodes),
            _sum(self._requested[each] for each in nodes),
            {resource: added[resource] for resource in QOS_RESOURCES},
            tuple(sorted(each for each in nodes if self._is_full(each))),
        )

    def _is_full(self, node: str) -> bool:
        there, has = self._requested[node], self._nodes[node].allocatable
        return any(new > 0 and there[key] + new > has.get(key, 0) for key, new in self._daemons[node].items())

    def _places_of(self, demand: Demand) -> frozenset[str]:
        key = (tuple(sorted(demand.node_selector.items())), demand.tolerations)
        if key not in self._places:
            self._places[key] = frozenset(name for name, node in self._nodes.items() if node.takes(demand))
        return self._places[key]


def _sum(amounts: Iterable[Amounts]) -> Amounts:
    total: Counter[str] = Counter()
    for each in amounts:
        total.update({resource: each.get(resource, 0) for resource in QOS_RESOURCES})
    return total
