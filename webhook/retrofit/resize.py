"""Resize the Pods that lack only requests and limits, by the rules of `resize`, and its way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kubernetes.client import ApiClient

from webhook.cluster import reads
from webhook.cluster.part import ClusterPart
from webhook.resize.batch_run import Report
from webhook.resize.facts import Allowed, sizes_of
from webhook.resize.gather import gather
from webhook.resize.owners import Owner, OwnerSpec
from webhook.resize.plan import Plan, plan
from webhook.resize.pod import Metadata, read_pod
from webhook.resize.results import Result
from webhook.resize.run import Run
from webhook.resize.running_pods import RunningPods, asked
from webhook.resize.settings import Settings
from webhook.retrofit.plan import Resize


def plans(api: ApiClient, resizes: Iterable[Resize], part: ClusterPart) -> Iterator[Plan]:
    """One for each owner and size, with what the API server says to it. Raises ClusterError."""
    groups: dict[tuple[str, str], list[Resize]] = {}
    for each in resizes:
        groups.setdefault((str(each.owner), each.patch), []).append(each)
    for group in groups.values():
        first = group[0]
        found = (reads.pod(api, each.pod.namespace, each.pod.name) for each in group)
        pods = [read_pod(raw) for raw in found if raw]
        owner = Owner(ref=first.owner, metadata=Metadata(), spec=OwnerSpec(), rollout="", raw=b"")
        facts = gather(api, owner, pods, part)
        yield asked(api, plan(pods, sizes_of(first.values), facts, Allowed()))


def resize(api: ApiClient, plan: Plan, settings: Settings, report: Report) -> list[Result]:
    """Raises ClusterError."""
    if not plan.due:
        return []
    with RunningPods(api, plan.due[0].pod.metadata.namespace) as pods:
        return Run(pods, settings, report).execute(plan)


def write_options(*, dry_run: bool) -> dict[str, str]:
    """The query of every write to a workload."""
    return {"fieldManager": "podtailor-retrofit", **({"dryRun": "All"} if dry_run else {})}
