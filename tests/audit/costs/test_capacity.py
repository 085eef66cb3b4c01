"""Node capacity."""

from __future__ import annotations

from webhook.audit.costs.capacity import Capacity, Node, Taint
from webhook.audit.findings import Demand
from webhook.model.pod import Toleration

TAINT = Taint("gpu", "yes", "NoSchedule")
NODES = [
    Node("a", {"arch": "amd64"}, (), {"cpu": 4000, "memory": 8000}),
    Node("b", {"arch": "arm64"}, (), {"cpu": 2000, "memory": 8000}),
    Node("g", {"arch": "amd64"}, (TAINT,), {"cpu": 8000, "memory": 8000}),
]
NONE = Demand()


def _asks(cpu: int, *tolerations: Toleration, **selector: str) -> Demand:
    return Demand(requests={"cpu": cpu}, node_selector=selector, tolerations=tolerations)


def test_pods_count_where_they_can_go_and_nowhere_else() -> None:
    capacity = Capacity(NODES)
    capacity.add(_asks(500), _asks(500), node="a", of_daemon_set=False)
    capacity.add(NONE, _asks(3000, arch="arm64"), node="", of_daemon_set=False)
    capacity.add(_asks(100), _asks(1100), node="a", of_daemon_set=False, pods=2)
    by_selector = {each.selector: each for each in capacity.by_node_selector()}
    assert (by_selector[""].nodes, by_selector[""].allocatable["cpu"], by_selector[""].added["cpu"]) == (
        3,
        14000,
        5000,
    )
    assert by_selector[""].requested["cpu"] == 600
    assert by_selector[""].shortages == ()
    assert (by_selector["arch=arm64"].nodes, by_selector["arch=arm64"].added["cpu"]) == (1, 3000)
    assert by_selector["arch=arm64"].shortages == ("cpu",)


def test_tainted_nodes_are_for_who_tolerates_them() -> None:
    capacity = Capacity(NODES)
    capacity.add(NONE, _asks(1, arch="amd64"), node="", of_daemon_set=False)
    assert capacity.by_node_selector()[1].nodes == 1
    capacity.add(
        NONE, _asks(1, Toleration(key="gpu", operator="Exists"), arch="amd64"), node="", of_daemon_set=False
    )
    assert capacity.by_node_selector()[1].nodes == 2


def test_tolerations_are_read_as_kubernetes_reads_them() -> None:
    for toleration, tolerates in (
        (Toleration(operator="Exists"), True),
        (Toleration(key="gpu", value="yes"), True),
        (Toleration(key="gpu", operator="Equal", value="no"), False),
        (Toleration(key="gpu", operator="Exists", effect="NoExecute"), False),
        (Toleration(key="disk", operator="Exists"), False),
        (Toleration(value="yes"), False),
    ):
        assert TAINT.is_tolerated([toleration]) is tolerates, toleration


def test_daemon_sets_are_counted_on_their_nodes_which_may_be_too_full() -> None:
    capacity = Capacity(NODES)
    capacity.add(_asks(1900), _asks(1900), node="b", of_daemon_set=False)
    capacity.add(NONE, _asks(200), node="", of_daemon_set=True)
    for node in ("a", "b", "g"):
        capacity.add(NONE, _asks(200), node=node, of_daemon_set=True)
    everywhere, untainted = capacity.by_node_selector()
    assert (everywhere.added["cpu"], everywhere.full_nodes) == (800, ("b",)), (
        "one knows its Node as little as we do"
    )
    assert (untainted.selector, untainted.nodes, untainted.added["cpu"]) == ("no selector", 2, 600)


def test_shortage_behind_taints_is_seen() -> None:
    capacity = Capacity(NODES)
    capacity.add(NONE, _asks(7000), node="", of_daemon_set=False)
    everywhere, untainted = capacity.by_node_selector()
    assert everywhere.shortages == ()
    assert (untainted.nodes, untainted.shortages) == (2, ("cpu",))
