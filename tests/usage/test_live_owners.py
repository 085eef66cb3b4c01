"""Owners of the Pods that exist."""

from __future__ import annotations

from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi
from tests.support.pods import Json
from webhook.usage.live_owners import live_owners
from webhook.workloads.workload import Ref


def _owned(name: str, kind: str = "", owner: str = "", version: str = "apps/v1") -> Json:
    reference = {"apiVersion": version, "kind": kind, "name": owner, "controller": True}
    return {"metadata": {"name": name, **({"ownerReferences": [reference]} if kind else {})}}


def _list(*items: Json) -> Json:
    return {"metadata": {}, "items": [*items]}


def test_topmost_owners(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    also = _owned("both", "StatefulSet", "db")
    also["metadata"]["ownerReferences"].insert(0, {"apiVersion": "v1", "kind": "Other", "name": "x"})
    fake.lists = {
        "pods": _list(
            _owned("web-1", "ReplicaSet", "web"),
            _owned("bare-1", "ReplicaSet", "bare"),
            _owned("report-1", "Job", "report-29", "batch/v1"),
            _owned("clone-1", "StatefulSet", "clone", "apps.kruise.io/v1"),
            _owned("alone"),
            also,
        ),
        "replicasets": _list(_owned("web", "Deployment", "web"), _owned("bare")),
        "jobs": _list(_owned("report-29", "CronJob", "report", "batch/v1")),
    }
    assert live_owners(api, "shop") == {
        "web-1": Ref("Deployment", "shop", "web"),
        "bare-1": Ref("ReplicaSet", "shop", "bare"),
        "report-1": Ref("CronJob", "shop", "report"),
        "clone-1": Ref("StatefulSet.apps.kruise.io", "shop", "clone"),
        "both": Ref("StatefulSet", "shop", "db"),
    }


def test_only_what_is_needed_is_asked(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.lists = {"pods": _list(_owned("db-0", "StatefulSet", "db"))}
    assert live_owners(api, "shop") == {"db-0": Ref("StatefulSet", "shop", "db")}
    assert len(fake.requests) == 1
