"""Which controller stands above a Pod, by the series of kube-state-metrics. Pure.

`kube_pod_owner`, `kube_replicaset_owner` and `kube_job_owner` are joined here and not in PromQL: a Pod's name
that comes again, with another owner, makes a join there fail.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from webhook.usage.prometheus.answers import Series
from webhook.workloads.workload import Ref

_NONE = ("", "<none>")
_OWNED = {"ReplicaSet": "replicaset", "Job": "job_name"}
"""Kinds that have owners themselves; in which label their series have the name."""


def topmost_owners(
    pods: Iterable[Series], replicasets: Iterable[Series], jobs: Iterable[Series], namespace: str
) -> dict[str, Ref]:
    """By Pod, also of those that are gone: a Deployment for a ReplicaSet's, a CronJob for a Job's.

    A Pod without a controller is its own owner. A Pod whose owner is not known for sure is not in it: the
    series give several, or nothing about its ReplicaSet or Job.
    """
    above = {**_owners(replicasets, "ReplicaSet"), **_owners(jobs, "Job")}
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    alone: dict[str, set[tuple[str, str]]] = {}
    for series in pods:
        labels = series.labels
        pod = labels.get("pod", "")
        kind, name = labels.get("owner_kind", ""), labels.get("owner_name", "")
        if kind not in _NONE and labels.get("owner_is_controller") != "false":
            itself = set() if kind in _OWNED else {(kind, name)}
            found[pod] |= above.get((kind, name), itself)
        else:
            alone[pod] = {("Pod", pod)}
    owners = {pod: next(iter(several)) for pod, several in (alone | found).items() if len(several) == 1}
    return {pod: Ref(kind, namespace, name) for pod, (kind, name) in owners.items()}


def _owners(found: Iterable[Series], kind: str) -> Mapping[tuple[str, str], set[tuple[str, str]]]:
    """Of what is known of this kind: the owners, or itself where it has none."""
    owners: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)
    for series in found:
        itself = kind, series.labels.get(_OWNED[kind], "")
        owner = series.labels.get("owner_kind", ""), series.labels.get("owner_name", "")
        owners[itself].add(itself if owner[0] in _NONE else owner)
    return owners
