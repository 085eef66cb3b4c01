"""Owners of Pods, joined from the series of kube-state-metrics."""

from __future__ import annotations

import pytest

from webhook.usage.prometheus.answers import Series
from webhook.usage.prometheus.owners import topmost_owners
from webhook.workloads.workload import Ref


def _series(**labels: str) -> Series:
    return Series(labels, [(0, 1)])


def _pod(kind: str, name: str, controller: str = "true") -> Series:
    return _series(pod="web", owner_kind=kind, owner_name=name, owner_is_controller=controller)


_REPLICASETS = [
    _series(replicaset="web-1", owner_kind="Deployment", owner_name="web"),
    _series(replicaset="web-2", owner_kind="Deployment", owner_name="web"),
    _series(replicaset="bare", owner_kind="<none>", owner_name="<none>"),
    _series(replicaset="odd", owner_kind="Deployment", owner_name="a"),
    _series(replicaset="odd", owner_kind="Deployment", owner_name="b"),
]
_JOBS = [
    _series(job_name="report-1", owner_kind="CronJob", owner_name="report"),
    _series(job_name="once", owner_kind="", owner_name=""),
]


@pytest.mark.parametrize(
    ("pods", "owner"),
    [
        pytest.param([_pod("ReplicaSet", "web-1")], "Deployment shop/web", id="a Deployment's"),
        pytest.param([_pod("ReplicaSet", "web-1"), _pod("ReplicaSet", "web-2")], "Deployment shop/web", id="of two revisions"),
        pytest.param([_pod("ReplicaSet", "bare")], "ReplicaSet shop/bare", id="of a ReplicaSet alone"),
        pytest.param([_pod("Job", "report-1")], "CronJob shop/report", id="a CronJob's"),
        pytest.param([_pod("Job", "once")], "Job shop/once", id="of a Job alone"),
        pytest.param([_pod("StatefulSet", "db")], "StatefulSet shop/db", id="a StatefulSet's"),
        pytest.param([_pod("StatefulSet", "db"), _pod("App", "x", "false")], "StatefulSet shop/db", id="owned by two, controlled by one"),
        pytest.param([_pod("StatefulSet", "db"), _pod("CloneSet", "db")], None, id="a name that came again under another owner"),
        pytest.param([_pod("ReplicaSet", "gone")], None, id="of a ReplicaSet without series"),
        pytest.param([_pod("ReplicaSet", "odd")], None, id="of a ReplicaSet with two owners"),
        pytest.param([_pod("<none>", "<none>")], "Pod shop/web", id="a Pod alone, as of kube-state-metrics 1"),
        pytest.param([_pod("", "", "")], "Pod shop/web", id="a Pod alone"),
    ],
)  # fmt: skip
def test_topmost_owner(pods: list[Series], owner: str | None) -> None:
    found = topmost_owners(pods, _REPLICASETS, _JOBS, "shop")
    assert {pod: str(ref) for pod, ref in found.items()} == ({"web": owner} if owner else {})


def test_same_kind_of_ref_as_the_cluster_gives() -> None:
    assert topmost_owners([_pod("Job", "report-1")], [], _JOBS, "shop") == {
        "web": Ref("CronJob", "shop", "report")
    }
