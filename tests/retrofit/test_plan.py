"""The plan: resizes where they are enough, restarts otherwise."""

from __future__ import annotations

import pytest

from tests.audit.verdicts import STAYS, WEB, live_pod, verdict_with
from webhook.audit.findings import Finding, Item, Verdict
from webhook.engine.qos import QOSClass, QosMove
from webhook.retrofit.plan import Planner


def test_resize_where_it_is_enough() -> None:
    planner = Planner()
    planner.add(live_pod("p"), verdict_with(Finding.SLIPPED_THROUGH, "app:requests.cpu", "app:limits.memory"))
    (resize,) = planner.plan().resizes
    assert str(resize) == (
        "kubectl patch pod p --namespace=shop --subresource=resize "
        """--patch='{"spec":{"containers":[{"name":"app","resources":{"requests":{"cpu":"1"},"limits":{"memory":"1"}}}]}}'"""
    )


@pytest.mark.parametrize(
    ("fields", "qos"),
    [
        pytest.param(
            ["app:requests.cpu"], QosMove(QOSClass.BEST_EFFORT, QOSClass.BURSTABLE), id="class would move"
        ),
        pytest.param(["app:requests.cpu", "app:resizePolicy.cpu"], STAYS, id="resizePolicy is for good"),
        pytest.param(["pod:nodeSelector.a"], STAYS, id="so are selectors"),
        pytest.param(["app:requests.ephemeral-storage"], STAYS, id="not of cpu or memory"),
        pytest.param(["setup:requests.cpu"], STAYS, id="not of an init container"),
    ],
)
def test_else_a_new_pod(fields: list[str], qos: QosMove) -> None:
    planner = Planner()
    planner.add(live_pod("web-1", WEB), verdict_with(Finding.WOULD_CHANGE, *fields, qos=qos))
    planner.add(live_pod("own"), verdict_with(Finding.WOULD_CHANGE, *fields, qos=qos))
    plan = planner.plan()
    assert plan.resizes == ()
    assert [str(each) for each in plan.restarts] == [
        "kubectl rollout restart deployment/web --namespace=shop"
    ]
    assert [each.owner.name for each in plan.by_hand] == ["own"]


def test_nothing_for_what_is_not_enforced() -> None:
    planner = Planner()
    items = (Item(Finding.WOULD_CHANGE, "p", "app:requests.cpu"),)
    planner.add(live_pod("p"), Verdict(items=items))
    planner.add(live_pod("fine"), verdict_with(Finding.PASS))
    plan = planner.plan()
    assert (plan.not_in_force, plan.resizes, plan.restarts, plan.by_hand) == (1, (), (), ())
