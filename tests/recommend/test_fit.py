"""What the containers of a Pod must fit into together."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from tests.recommend.weeks import advised, container, measured, owner, size, week
from webhook.model.names import WorkloadType
from webhook.model.policy import Bounds
from webhook.model.quantity import of_milli
from webhook.recommend.owner import NodeSize, Quota, Size
from webhook.recommend.reasons import Name
from webhook.recommend.recommend import recommend, recommend_all
from webhook.recommend.rules import Rules
from webhook.usage.measured import ContainerOfPod
from webhook.workloads.workload import Ref

MANY = Rules(max_shrink=1000)
MUCH = {"memory": 2**43 * 1000}


@pytest.mark.parametrize(
    ("more", "expected", "detail"),
    [
        pytest.param({"nodes": (NodeSize("a", {"cpu": 1000, **MUCH}), NodeSize("b", {"cpu": 1500, **MUCH}))}, size("1500m"), "Node b has the most room with 1500m, not for 2300m", id="the largest Node"),
        pytest.param({"nodes": (NodeSize("a", {"cpu": 500, **MUCH}),)}, size("1"), "Node a has the most room with 500m, not for 2300m", id="no less than what stands"),
        pytest.param({"nodes": (NodeSize("a", {"cpu": 1500, **MUCH}), NodeSize("b", {"cpu": 9000, "memory": 1}))}, size("1500m"), "Node a has the most room with 1500m, not for 2300m", id="CPU of the Node that has its memory too"),
        pytest.param({"pod_bounds": (Bounds(max={"cpu": of_milli(2000)}),)}, size("2"), "a LimitRange allows Pods 2 of cpu, not for 2300m", id="a LimitRange for Pods"),
        pytest.param({"pods": 2, "most_pods": 4, "quotas": (Quota("compute", {"requests.cpu": 8000}, {"requests.cpu": 4000}),)}, size("1500m"), "ResourceQuota compute has room for 4 Pods with 1500m each, not for 2300m", id="a quota beside others, for all Pods that there may be"),
    ],
)  # fmt: skip
def test_what_is_raised_fits(more: dict[str, Any], expected: Size, detail: str) -> None:
    advice = advised(week(measured("2")), owner(**more), MANY).advice["cpu"]
    assert advice.after == expected
    assert (advice.why.name, advice.why.detail) == (Name.DOES_NOT_FIT, detail)


def test_owners_share_a_quota() -> None:
    quotas = (Quota("compute", {"requests.cpu": 4000}, {"requests.cpu": 2000}),)
    api = Ref("Deployment", "shop", "api")
    one, other = week(measured("2")), week(measured("2"), owner=api)
    usage = structs.replace(
        one, containers={**one.containers, **other.containers}, owners={**one.owners, **other.owners}
    )
    owners = [owner(quotas=quotas), owner(ref=api, quotas=quotas)]
    found = [each for (each,) in recommend_all(usage, owners, lambda _: MANY)]
    assert [each.advice["cpu"].after for each in found] == [size("2300m"), size("1700m")]


def test_containers_of_a_pod_share_a_node_in_their_order() -> None:
    usage = week(measured("2"))
    usage = structs.replace(
        usage, containers={**usage.containers, ContainerOfPod("web-a", "proxy"): measured("2")}
    )
    state = owner(container(), container(name="proxy"), nodes=(NodeSize("a", {"cpu": 4000, **MUCH}),))
    found = recommend(usage, state, MANY)
    assert [each.advice["cpu"].after for each in found] == [size("2300m"), size("1700m")]


@pytest.mark.parametrize(
    ("bounds", "cpu", "detail"),
    [
        pytest.param(Bounds(min={"cpu": of_milli(1000)}), ("1",), "a LimitRange wants Pods to have requests of at least 1 cpu, not requests of 230m", id="a minimum"),
        pytest.param(Bounds(ratio={"cpu": of_milli(2000)}), ("500m", "1"), "a LimitRange wants Pods to have limits of at most 2 x their requests of cpu, not requests of 230m and limits of 1", id="a ratio"),
    ],
)  # fmt: skip
def test_what_a_limit_range_for_pods_would_refuse_stays(
    bounds: Bounds, cpu: tuple[str, ...], detail: str
) -> None:
    advice = advised(week(measured()), owner(container(cpu), pod_bounds=(bounds,)), MANY).advice["cpu"]
    assert (advice.changes, advice.why.name, advice.why.detail) == (False, Name.LIMIT_RANGE, detail)


def test_a_daemon_set_fits_the_smallest_node_that_it_runs_on() -> None:
    agent = Ref("DaemonSet", "shop", "agent")
    nodes = [NodeSize(name, {"cpu": cpu, **MUCH}) for name, cpu in (("a", 4000), ("b", 1500), ("c", 500))]
    advice = advised(week(measured("2"), owner=agent), owner(ref=agent, nodes=tuple(nodes)), MANY).advice[
        "cpu"
    ]
    assert advice.after == size("1500m")
    assert advice.why.detail == "Node b has the least room with 1500m, not for 2300m"


@pytest.mark.parametrize(
    ("more", "after", "name"),
    [
        pytest.param({}, size("230m", "240m"), Name.QUANTILE, id="a step more"),
        pytest.param({"container_bounds": (Bounds(ratio={"cpu": of_milli(1000), "memory": of_milli(1000)}),)}, size("100m", "200m"), Name.KEEPS_QOS, id="nothing, where only equal ones are allowed"),
    ],
)  # fmt: skip
def test_no_pod_becomes_guaranteed_by_rounding(more: dict[str, Any], after: Size, name: Name) -> None:
    usage = week(measured("200m", "190m", memory="800Mi"))
    state = owner(container(("100m", "200m"), ("1Gi", "1Gi")), **more)
    advice = advised(usage, state, MANY).advice["cpu"]
    assert (advice.after, advice.why.name) == (after, name)


def test_memory_of_stateful_pods_is_not_overcommitted() -> None:
    state = owner(container(("1", "2"), ("2Gi", "2Gi")), types=(WorkloadType.STATEFUL,))
    assert advised(week(measured()), state, MANY).advice["memory"].after == size("464Mi", "464Mi")
