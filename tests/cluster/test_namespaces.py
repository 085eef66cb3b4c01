"""Namespaces with their quotas and LimitRanges: only those that change are built again."""

from __future__ import annotations

from webhook.cluster.namespaces import Namespaces
from webhook.cluster.snapshot_objects import LimitRangeBounds, Quota
from webhook.model.policy import Bounds
from webhook.model.quantity import Quantity
from webhook.model.subject import Namespace

QUOTA = Quota("a", by_class=True, counts_ephemeral_storage=False)
BOUNDS = Bounds(max={"cpu": Quantity("1", 1000)})


def test_namespace_is_built_from_its_parts_in_any_order() -> None:
    namespaces = Namespaces()
    namespaces.update({}, {"a/q": QUOTA}, {"a/r": LimitRangeBounds("a", (BOUNDS,), ())})
    assert namespaces.all == {}
    namespaces.update({"/a": Namespace("a"), "/b": Namespace("b")}, {}, {})
    assert namespaces.all == {
        "a": Namespace("a", has_best_effort_quota=True, container_bounds=(BOUNDS,)),
        "b": Namespace("b"),
    }


def test_only_what_changes_is_built_and_replaced() -> None:
    namespaces = Namespaces()
    namespaces.update({"/a": Namespace("a"), "/b": Namespace("b")}, {"a/q": QUOTA}, {})
    before, built = namespaces.all, namespaces.built
    namespaces.update({"/a": Namespace("a")}, {}, {})
    assert namespaces.all is before, "nothing has changed"
    namespaces.update({"/b": None}, {"a/q": None}, {})
    assert namespaces.all == {"a": Namespace("a")}
    assert before["b"] == Namespace("b"), "never modified"
    assert namespaces.built == built + 3
