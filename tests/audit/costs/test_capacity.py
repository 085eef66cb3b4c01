"""Room on the Nodes, and autoscalers that wake."""

from __future__ import annotations

from webhook.audit.costs.autoscalers import Autoscaler, Autoscalers, Metric, Usage
from webhook.audit.costs.capacity import Capacity, Node, Taint
from webhook.audit.findings import Demand, Finding, Item, Verdict
from webhook.model.pod import Toleration
from webhook.workloads.workload import Ref

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


WEB = Ref("Deployment", "shop", "web")
POD = Ref("Pod", "shop", "web-1")


def _autoscaler(*metrics: Metric) -> Autoscalers:
    return Autoscalers([Autoscaler(Ref("HorizontalPodAutoscaler", "shop", "web"), WEB, metrics)])


def _verdict(before: set[str], after: set[str], cpu: int = 100) -> Verdict:
    return Verdict(
        items=(Item(Finding.WOULD_CHANGE),),
        before=Demand(unsized={"cpu": frozenset(before)}),
        after=Demand(containers={"app": {"cpu": cpu}}, unsized={"cpu": frozenset(after)}),
    )


def test_autoscaler_wakes_once_no_container_lacks_a_request() -> None:
    scalers = _autoscaler(Metric("cpu", 80))
    scalers.add(WEB, WEB, _verdict({"app", "mesh"}, {"mesh"}))
    assert scalers.wakeups(lambda _: None) == []
    scalers.add(WEB, WEB, _verdict({"app"}, set()))
    (wakeup,) = scalers.wakeups(lambda _: None)
    assert (wakeup.metric.target, wakeup.utilization) == (80, None)


def test_autoscaler_of_one_container_looks_at_that_one() -> None:
    scalers = _autoscaler(Metric("cpu", 80, "app"))
    scalers.add(WEB, WEB, _verdict({"mesh"}, set()))
    assert scalers.wakeups(lambda _: None) == []


def test_it_reads_use_against_what_will_be_requested() -> None:
    scalers = _autoscaler(Metric("cpu", 80))
    for name in ("web-1", "web-2"):
        scalers.add(Ref("Pod", "shop", name), WEB, _verdict({"app"}, set(), cpu=200))
    usage = {"web-1": Usage({"app": {"cpu": 150}, "late": {"cpu": 50}})}
    (wakeup,) = scalers.wakeups(lambda _: usage)
    assert wakeup.utilization == 75, "of the Pods whose use is known, of the containers that are known"


def test_shortage_behind_taints_is_seen() -> None:
    capacity = Capacity(NODES)
    capacity.add(NONE, _asks(7000), node="", of_daemon_set=False)
    everywhere, untainted = capacity.by_node_selector()
    assert everywhere.shortages == ()
    assert (untainted.nodes, untainted.shortages) == (2, ("cpu",))
