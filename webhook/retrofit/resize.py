"""Resize the Pods that lack only requests and limits, by the rules of `resize`, and its way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kubernetes.client import ApiClient
from msgspec import Struct, structs

from webhook.cluster import reads
from webhook.cluster.part import ClusterPart
from webhook.errors import ClusterError
from webhook.model.notice import Notice
from webhook.resize import words
from webhook.resize.facts import Allowed, sizes_of
from webhook.resize.gather import Nodes, gather
from webhook.resize.owners import Owner, OwnerSpec, read_owner
from webhook.resize.plan import Plan, PodPlan, plan
from webhook.resize.pod import Metadata, read_pod
from webhook.resize.results import Result
from webhook.resize.run import Run
from webhook.resize.running_pods import RunningPods, asked
from webhook.resize.sending import Report
from webhook.resize.settings import Settings
from webhook.resize.words import Given
from webhook.retrofit.plan import ManualRepair, Resize
from webhook.workloads.controllers import CONTROLLERS
from webhook.workloads.workload import Ref


class Planned(Struct, frozen=True, kw_only=True):
    """Pods of one owner that get the same size."""

    owner: Ref
    plan: Plan = Plan()
    left_to_user: tuple[ManualRepair, ...] = ()
    """Those that a rule, or the API server, keeps from being resized."""


def plans(api: ApiClient, resizes: Iterable[Resize], part: ClusterPart, given: Given) -> Iterator[Planned]:
    """One for each owner and size, with what the API server says to it.

    What may not be read is noted in `part`. What one owner is refused keeps no other from being planned.
    """
    groups: dict[tuple[str, str], list[Resize]] = {}
    for each in resizes:
        groups.setdefault((str(each.owner), each.patch), []).append(each)
    nodes = Nodes(api)
    for group in groups.values():
        yield _planned(api, group, part, nodes, given)


def _planned(
    api: ApiClient, group: Sequence[Resize], part: ClusterPart, nodes: Nodes, given: Given
) -> Planned:
    ref = group[0].owner
    try:
        found = (reads.pod(api, each.pod.namespace, each.pod.name) for each in group)
        pods = [read_pod(raw) for raw in found if raw]
        facts = gather(api, _owner(api, ref), pods, part, nodes)
        made = asked(api, plan(pods, sizes_of(group[0].values), facts, Allowed()))
    except ClusterError as error:
        why = str(error)
        for each in group:
            why = why.removeprefix(f"Pod {each.pod.namespace}/{each.pod.name}: ")
        names = tuple(each.pod.name for each in group)
        hints = tuple(error.hint.splitlines())
        return Planned(owner=ref, left_to_user=(ManualRepair(ref, names, why, error.name, hints),))
    nodes.add(made)
    return Planned(owner=ref, plan=made, left_to_user=tuple(_left(ref, made, given)))


def _owner(api: ApiClient, ref: Ref) -> Owner:
    """As `resize` reads it; of a kind that it does not know only its name."""
    kind = next((each for each in CONTROLLERS if each.kind == ref.kind), None)
    if ref.kind == "Pod":
        raw = reads.pod(api, ref.namespace, ref.name)
    else:
        raw = reads.owner(api, kind, ref.namespace, ref.name) if kind else None
    if raw:
        return read_owner(ref.kind, raw)
    return Owner(ref=ref, metadata=Metadata(), spec=OwnerSpec(), rollout="", raw=b"")


def _left(owner: Ref, made: Plan, given: Given) -> Iterator[ManualRepair]:
    for each in made.pods:
        idle = (each.left_out,) if each.left_out and not each.is_gone else ()
        refusals = (*made.refusals, *each.refusals, *idle) if each.changes else ()
        if refusals and not each.is_gone:
            why = "; ".join(notice.detail for notice in refusals)
            commands = tuple(_commands(each, refusals, given))
            yield ManualRepair(owner, (each.pod.name,), why, refusals[0].reason, commands)


# What permits it. `retrofit` has none of these flags: it never surprises.
_PERMITS: Mapping[str, Mapping[str, Any]] = {
    "would-restart": {"restart": True},
    "sized-at-start": {"restart": True},
    "node-full": {"waiting": True},
    "hpa": {"hpa": True},
    "unknown-autoscalers": {"hpa": True},
    "below-usage": {"margin_milli": 0},
    "unknown-usage": {"margin_milli": 0},
}


def _commands(each: PodPlan, refusals: Iterable[Notice], given: Given) -> list[str]:
    """That resize it all the same; none if no flag permits it."""
    allowed = given.allowed
    for notice in refusals:
        if notice.reason not in _PERMITS:
            return []
        allowed = structs.replace(allowed, **_PERMITS[notice.reason])
    return words.commands(_ref(each), Plan(pods=(each,)), structs.replace(given, allowed=allowed))


def commands_back(each: PodPlan, given: Given) -> list[str]:
    """What to type to give a Pod its old values; none if it had none."""
    return words.commands_back(_ref(each), Plan(pods=(each,)), [each], given)


def _ref(each: PodPlan) -> Ref:
    """Of the Pod alone: other Pods of its owner are not in the plan."""
    return Ref("Pod", each.pod.metadata.namespace, each.pod.name)


def resize(api: ApiClient, plan: Plan, settings: Settings, report: Report) -> tuple[list[Result], bool]:
    """What became of each Pod, and whether Ctrl-C has ended it. Raises ClusterError if none was begun."""
    if not plan.due:
        return [], False
    with RunningPods(api, plan.due[0].pod.metadata.namespace) as pods:
        run = Run(pods, settings, report)
        try:
            return run.execute(plan), False
        except KeyboardInterrupt:
            return run.interrupted(), True


def write_options(*, dry_run: bool) -> dict[str, str]:
    """The query of every write to a workload."""
    return {"fieldManager": "podtailor-retrofit", **({"dryRun": "All"} if dry_run else {})}
