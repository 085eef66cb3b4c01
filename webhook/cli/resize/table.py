"""The plan and its results as a table, and as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct
from rich.text import Text

from webhook.cli.common.tables import Column, print_table
from webhook.cli.common.terminal import print_sentence
from webhook.model.names import QOS_RESOURCES
from webhook.model.notice import Notice
from webhook.model.quantity import of_milli
from webhook.resize.facts import Facts
from webhook.resize.owners import Owner
from webhook.resize.plan import Plan, PodPlan
from webhook.resize.pod import resources_of
from webhook.resize.results import Outcome, Result
from webhook.resize.rules import mebibytes
from webhook.resize.run import untouched
from webhook.resize.words import size

_STYLES = {
    Outcome.RESIZED: "green",
    Outcome.RESTARTED: "green",
    Outcome.UNCHANGED: "dim",
    Outcome.GONE: "dim",
    Outcome.DEFERRED: "yellow",
    Outcome.REVERTED: "yellow",
}


class _Row(Struct, frozen=True, kw_only=True):
    """One container of a Pod."""

    plan: PodPlan
    container: str
    facts: Facts
    result: Result | None = None


def _move(resource: str) -> Any:
    def cell(row: _Row) -> str:
        before = size(row.container, resource, row.plan.pod.values())
        after = size(row.container, resource, {**row.plan.pod.values(), **row.plan.after})
        return before if before == after else f"{before or 'none'} -> {after}"

    return cell


def _usage(row: _Row) -> str:
    measured = row.facts.usage.get(row.plan.pod.name)
    used = measured and measured.containers.get(row.container)
    if not measured or not used:
        return "unknown"
    return f"{of_milli(used.cpu)} / {mebibytes(used.memory)}{'*' if measured.has_cache else ''}"


def _restart(row: _Row) -> str:
    return "yes" if row.container in row.plan.restarts else "no"


def _room(row: _Row) -> str:
    node = row.facts.nodes.get(row.plan.pod.node)
    if node is None or not node.allocatable:
        return "unknown"
    free = {each: max(0, node.allocatable[each] - node.requested.get(each, 0)) for each in QOS_RESOURCES}
    return f"{free['cpu'] / 1000:.1f} / {free['memory'] / 1000 / 2**30:.1f}Gi"


def _says(row: _Row) -> Text:
    if row.result:
        style = _STYLES.get(row.result.outcome, "red")
        reason = f": {row.result.reason}" if row.result.reason else ""
        seconds = f" after {row.result.seconds:g} s" if row.result.outcome in _TIMED else ""
        return Text(f"{row.result.outcome}{seconds}{reason}", style=style)
    if row.plan.refusals:
        return Text("refused: " + ", ".join(each.reason for each in row.plan.refusals), style="red")
    if not row.plan.changes:
        return Text("has these values", style="dim")
    return Text(", ".join(each.reason for each in row.plan.warnings), style="yellow")


_TIMED = (Outcome.RESIZED, Outcome.RESTARTED, Outcome.REVERTED)

_POD = Column(title="POD", about="its name", cell=lambda row: row.plan.pod.name, enough=24)
_CONTAINER = Column(title="CONTAINER", about="its name", cell=lambda row: row.container, enough=12)
_LEGEND = "* with page cache, which is what a kubelet compares"
_USES_NOW = Column(title="USES NOW", about=f"CPU / memory; {_LEGEND}", cell=_usage, drops=2)
_SAYS = Column(title="SAYS", about="what keeps it from being done, or what became of it", cell=_says)
COLUMNS = (
    _POD,
    _CONTAINER,
    Column(title="CPU", about="request:limit, now and afterwards", cell=_move("cpu")),
    Column(title="MEMORY", about="request:limit, now and afterwards", cell=_move("memory")),
    _USES_NOW,
    Column(title="RESTART", about="whether the container restarts", cell=_restart, drops=3),
    Column(title="NODE HAS", about="CPU / memory that its Node has left", cell=_room, drops=1),
    _SAYS,
)
_RESULTS = (_POD, _CONTAINER, COLUMNS[2], COLUMNS[3], _SAYS)


def show_plan(owner: Owner, plan: Plan, facts: Facts, *, wide: bool) -> None:
    print_sentence(Text(f"{owner} in {owner.ref.namespace}", style="bold"))
    rows = list(_rows(plan, facts))
    shown = print_table(COLUMNS, rows, wide=wide)
    if _USES_NOW in shown and any(_usage(row).endswith("*") for row in rows):
        print_sentence(Text(_LEGEND))
    _show_notices("refused", "red", plan.refusals, [(each.pod.name, each.refusals) for each in plan.pods])
    _show_notices("note", "yellow", plan.warnings, [(each.pod.name, each.warnings) for each in plan.pods])


def _show_notices(
    word: str, style: str, of_owner: Sequence[Notice], of_pods: Sequence[tuple[str, Sequence[Notice]]]
) -> None:
    """Each sentence once, with the Pods that it is about."""
    pods: dict[Notice, list[str]] = {notice: [] for notice in of_owner}
    for name, notices in of_pods:
        for notice in notices:
            pods.setdefault(notice, []).append(name)
    for notice, names in pods.items():
        about = names[0] if len(names) == 1 else f"{len(names)} Pods" if names else ""
        subject = f"{about}: " if about else ""
        print_sentence(Text(f"{word}: {subject}{notice.detail} [{notice.reason}]", style=style))


def show_results(plan: Plan, facts: Facts, results: Mapping[str, Result], *, wide: bool) -> None:
    print_table(_RESULTS, list(_rows(plan, facts, results)), wide=wide)
    for result in results.values():
        if result.message:
            style = _STYLES.get(result.outcome, "red")
            sentence = f"{result.plan.pod.name}: {result.message} [{result.reason}]"
            print_sentence(Text(sentence, style=style))


def _rows(plan: Plan, facts: Facts, results: Mapping[str, Result] | None = None) -> Iterator[_Row]:
    for each in plan.pods:
        names = dict.fromkeys(change.field.container for change in each.changes)
        for container in names or [each.pod.spec.containers[0].name]:
            result = (results or {}).get(each.pod.uid)
            yield _Row(plan=each, container=container, facts=facts, result=result)


def as_data(
    owner: Owner, plan: Plan, results: Sequence[Result], template: Mapping[str, Any]
) -> dict[str, Any]:
    """For programs; `result` is `planned` for what --apply would do."""
    by_uid = {each.plan.pod.uid: each for each in results}
    return {
        "owner": owner.ref,
        "template": template,
        "refusals": [_notice(each) for each in plan.refusals],
        "warnings": [_notice(each) for each in plan.warnings],
        "pods": [_pod_data(each, plan, by_uid.get(each.pod.uid)) for each in plan.pods],
    }


def _pod_data(each: PodPlan, plan: Plan, result: Result | None) -> dict[str, Any]:
    is_planned = result is None and each in plan.due
    result = result or untouched(plan, each, "")
    return {
        "name": each.pod.name,
        "uid": each.pod.uid,
        "node": each.pod.node,
        "containers": [
            {
                "name": container,
                "from": resources_of(container, each.pod.values()),
                "to": resources_of(container, {**each.pod.values(), **each.after}),
                "restarts": container in each.restarts,
            }
            for container in dict.fromkeys(change.field.container for change in each.changes)
        ],
        "result": "planned" if is_planned else result.outcome,
        "reason": "" if is_planned else result.reason,
        "message": result.message,
        "warnings": [_notice(notice) for notice in each.warnings],
        "seconds": result.seconds,
    }


def _notice(notice: Notice) -> dict[str, str]:
    return {"name": notice.reason, "message": notice.detail}
