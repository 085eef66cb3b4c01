"""The audit as results of a check."""

from __future__ import annotations

import pytest

from webhook.audit.findings import WORST_FIRST, Finding, Item, Verdict
from webhook.audit.reports.checks import results
from webhook.audit.summary import Row
from webhook.checks.result import Level
from webhook.model.place import Place
from webhook.workloads.workload import Ref

OWNER, PLACE = Ref("Deployment", "shop", "web"), Place("deploy/web.yaml", 2, 1)
CHANGES = (
    Item(Finding.WOULD_CHANGE, "general", "app:requests.cpu", after="100m", line=9, column=7),
    Item(Finding.WOULD_CHANGE, "general", "app:requests.memory", after="256Mi", line=9, column=7),
    Item(Finding.WOULD_CHANGE, "gpu", "pod:tolerations", after={"key": "gpu"}, line=5, column=3),
)


def _row(*items: Item, place: Place | None = PLACE) -> Row:
    return Row(OWNER, Verdict(items=items, diff="+a"), place=place)


def test_changes_of_an_object_are_one_result_at_its_container() -> None:
    (found,) = results([_row(*reversed(CHANGES))], ())
    assert found.place == Place("deploy/web.yaml", 9, 7)
    assert found.message == (
        "gpu: pod:tolerations gpu; general: app:requests.memory 256Mi, app:requests.cpu 100m"
    )
    assert (found.rule, found.level, found.object, found.diff) == (
        "would-change",
        Level.NOTE,
        "Deployment shop/web",
        "+a",
    )


def test_violations_of_several_containers_are_results_at_each() -> None:
    items = [
        Item(Finding.VIOLATION, "p", each, why="too much", line=line) for each, line in (("a", 3), ("b", 7))
    ]
    assert [(each.place, each.message) for each in results([_row(*items)], ())] == [
        (Place("deploy/web.yaml", 3, 0), "p: a: too much"),
        (Place("deploy/web.yaml", 7, 0), "p: b: too much"),
    ]


def test_an_object_of_a_cluster_has_no_place() -> None:
    (found,) = results([_row(Item(Finding.PASS), place=None)], ())
    assert (found.place, found.level) == (None, Level.PASSED)


@pytest.mark.parametrize("finding", WORST_FIRST)
def test_what_fails_the_audit_is_an_error_and_nothing_else_is(finding: Finding) -> None:
    row = _row(Item(finding, "p", "app:requests.cpu", after="1", why="because"))
    (found,) = results([row], ())
    assert (found.level is Level.ERROR) is (finding is Finding.NOT_JUDGED)
    assert found.judged is (finding is not Finding.NOT_JUDGED)
    assert [each.level for each in results([row], {finding})] == [Level.ERROR]


def test_a_change_without_effect_passes_unless_changes_fail() -> None:
    row = _row(
        Item(Finding.WOULD_CHANGE, "general", "app:resizePolicy.cpu", after={"restartPolicy": "NotRequired"})
    )
    assert [each.level for each in results([row], ())] == [Level.PASSED]
    assert [each.level for each in results([row], {Finding.WOULD_CHANGE})] == [Level.ERROR]
