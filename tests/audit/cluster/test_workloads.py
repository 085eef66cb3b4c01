"""Reading a cluster as a stream: selections, evidence on Pods, unreadable objects."""

from __future__ import annotations

from typing import Any

import pytest
from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi
from tests.support.pods import Json, policy, snapshot
from webhook.audit.cluster.workloads import Cluster, Selection
from webhook.audit.enforcement import FirstApplied
from webhook.workloads.controllers import CONTROLLERS
from webhook.workloads.workload import Workload

T1 = "2026-01-01T00:00:00Z"
REQUESTS = policy("{resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}}")
SPEC: Json = {"containers": [{"name": "app", "image": "a"}]}


def _list(*items: Json) -> Json:
    return {"metadata": {}, "items": list(items)}


def _controller(name: str, uid: str, spec: Json | None = None, owner: Json | None = None) -> Json:
    owners = {"ownerReferences": [owner]} if owner else {}
    return {
        "metadata": {"name": name, "namespace": "shop", "uid": uid, **owners},
        "spec": {"template": {"metadata": {}, "spec": spec or SPEC}},
    }


def _of(kind: str, name: str, uid: str) -> Json:
    return {"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": True}


def _pod(name: str, owner: Json | None = None, **parts: Json) -> Json:
    owners = {"ownerReferences": [owner]} if owner else {}
    metadata = {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": T1, **owners}
    return {"metadata": metadata, "spec": SPEC, **parts}


PODS = (
    _pod("bare"),
    _pod("db-0", _of("StatefulSet", "db", "set")),
    _pod("web-1", _of("ReplicaSet", "web-a", "replicas")),
)
TEMPLATES = {
    "Deployment": [_controller("web", "deployment")],
    "StatefulSet": [_controller("db", "set")],
    "ReplicaSet": [_controller("web-a", "replicas", owner=_of("Deployment", "web", "deployment"))],
}


def _workloads(
    fake_cluster: tuple[FakeApi, ApiClient], selection: Selection, pods: list[Json], **templates: list[Json]
) -> list[Workload]:
    fake, api = fake_cluster
    fake.respond(_list(), _list())  # LimitRanges, RuntimeClasses
    for controller in CONTROLLERS:
        fake.respond(_list(*(TEMPLATES | templates).get(controller.kind, ())))
    fake.respond(_list(*pods))
    return [*Cluster(api, snapshot(REQUESTS), selection, lambda *_: None).workloads()]


@pytest.mark.parametrize(
    ("kinds", "found"),
    [
        pytest.param(None, ["web", "db", "bare", "db-0", "web-1"], id="all"),
        pytest.param({"StatefulSet"}, ["db", "db-0"], id="a set with its Pod"),
        pytest.param({"Deployment"}, ["web", "web-1"], id="a Deployment with the Pod of its ReplicaSet"),
        pytest.param({"Pod"}, ["bare"], id="Pods of no owner"),
        pytest.param({"ReplicaSet"}, [], id="no ReplicaSet of a Deployment"),
    ],
)
def test_kinds_choose_owners_with_their_pods(
    fake_cluster: tuple[FakeApi, ApiClient], kinds: set[str] | None, found: list[str]
) -> None:
    selection = Selection(kinds=frozenset(kinds) if kinds else None)
    assert [each.ref.name for each in _workloads(fake_cluster, selection, [*PODS])] == found


def test_labels_of_an_owner_choose_its_pods_whatever_labels_they_have(
    fake_cluster: tuple[FakeApi, ApiClient],
) -> None:
    fake, api = fake_cluster
    fake.respond(_list(), _list())
    for controller in CONTROLLERS:  # of each kind all, then those with the labels
        fake.respond(_list(*TEMPLATES.get(controller.kind, ())))
        fake.respond(_list(*TEMPLATES["StatefulSet"] if controller.kind == "StatefulSet" else ()))
    fake.respond(_list(PODS[0]), _list(*PODS))
    workloads = Cluster(api, snapshot(REQUESTS), Selection(selector="a=b"), lambda *_: None).workloads()
    assert [each.ref.name for each in workloads] == ["db", "bare", "db-0"]
    assert [each.get("labelSelector") for each in fake.requests[-2:]] == ["a=b", None]


MARK = {"podtailor.dev/applied": '{"general":["app:requests.cpu","pod:tolerations"],"counted":2}'}
OURS: Json = {"fieldsV1": {"f:metadata": {"f:annotations": {"f:podtailor.dev/applied": {}}}}}
SET = _of("StatefulSet", "db", "set")


def _marked(name: str, created: str, owner: Json | None = SET, **metadata: Any) -> Json:
    pod = _pod(name, owner)
    labels = {"controller-revision-hash": ""}
    pod["metadata"] |= {"annotations": MARK, "creationTimestamp": created, "labels": labels, **metadata}
    return pod


T2, T3 = "2026-01-01T00:00:02Z", "2026-01-01T00:00:03Z"
APPLIED_FIRST = {("general", "requests.cpu"): T2, ("general", "tolerations"): T2}


@pytest.mark.parametrize(
    ("pods", "template", "found"),
    [
        pytest.param([_marked("db-0", T3), _marked("db-1", T2)], {}, APPLIED_FIRST, id="the earliest Pod"),
        pytest.param([_marked("db-0", T1)], {}, {}, id="none from before the policy"),
        pytest.param([_marked("own", T2, None)], {}, {}, id="no bare Pod: its manifest may have had it"),
        pytest.param([_marked("o-0", T2, _of("Gadget", "o", "o"))], {}, {}, id="none of a template that is not known"),
        pytest.param([_marked("db-0", T2)], {"annotations": MARK}, {}, id="none whose template has it"),
        pytest.param([_marked("db-0", T2, managedFields=[{"time": T3, **OURS}])], {}, {}, id="none whose annotation was written later"),
        pytest.param([_marked("db-0", T2, managedFields=[{"time": T2, **OURS}])], {}, APPLIED_FIRST, id="one that was created with it"),
        pytest.param([_marked("db-0", T2, annotations={"podtailor.dev/applied": "{"})], {}, {}, id="none that cannot be read"),
    ],
)  # fmt: skip
def test_pods_that_show_what_policies_gave(
    fake_cluster: tuple[FakeApi, ApiClient], pods: list[Json], template: Json, found: FirstApplied
) -> None:
    made = _controller("db", "set")
    made["spec"]["template"]["metadata"] = template
    fake, api = fake_cluster
    fake.respond(_list(), _list())
    for controller in CONTROLLERS:
        fake.respond(_list(made) if controller.kind == "StatefulSet" else _list())
    fake.respond(_list())
    cluster = Cluster(api, snapshot(REQUESTS), Selection(), lambda *_: None)
    assert [each.ref.name for each in cluster.workloads()] == ["db"]
    metadata_alone = [{"metadata": pod["metadata"]} for pod in pods]
    fake.respond(_list(*metadata_alone))
    assert cluster.first_applied("shop", {"general": T1, "counted": T1}) == found


ODD_TEMPLATE: Json = {"containers": [{"name": "app", "resources": {"requests": 7}}]}


@pytest.mark.parametrize(
    ("pods", "templates", "odd", "problem"),
    [
        pytest.param([_pod("odd", spec={"containers": 3}), *PODS], {}, "Pod shop/odd", "ValidationError: Expected `array | null`, got `int` - at `$.spec.containers`", id="Pod"),
        pytest.param([*PODS], {"StatefulSet": [_controller("odd", "odd", ODD_TEMPLATE), *TEMPLATES["StatefulSet"]]}, "StatefulSet shop/odd", "spec.template.spec.containers[0].resources.requests: must be a mapping, but is a whole number", id="template"),
    ],
)  # fmt: skip
def test_object_that_cannot_be_read_ends_nothing(
    fake_cluster: tuple[FakeApi, ApiClient],
    pods: list[Json],
    templates: dict[str, list[Json]],
    odd: str,
    problem: str,
) -> None:
    workloads = _workloads(fake_cluster, Selection(), pods, **templates)
    assert [(str(each.ref), each.problem) for each in workloads if each.problem] == [(odd, problem)]
    assert [each.ref.name for each in workloads if not each.problem] == ["web", "db", "bare", "db-0", "web-1"]


def test_pod_that_cannot_be_read_is_reported_whatever_kinds_are_chosen(
    fake_cluster: tuple[FakeApi, ApiClient],
) -> None:
    (odd,) = _workloads(
        fake_cluster, Selection(kinds=frozenset({"Job"})), [_pod("odd", spec={"containers": 3}), *PODS]
    )
    assert odd.ref.name == "odd"
