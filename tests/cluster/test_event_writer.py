"""Events as they are written, and what happens where they cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.cluster.fake_api import FakeApi, fake_api, running
from tests.support.processes import eventually
from webhook.cluster import event_writer
from webhook.cluster.event_writer import EventWriter
from webhook.cluster.pager import Meta
from webhook.cluster.policy_objects import Condition, PolicyObject
from webhook.cluster.policy_status import PolicyStatus, PolicyStatuses
from webhook.model.denial import Denial, ObjectReference
from webhook.policies import policy_kinds


@pytest.fixture
def writing(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[FakeApi, EventWriter]]:
    monkeypatch.setattr(event_writer, "_RETRY_SECONDS", 0.01)
    monkeypatch.setenv("POD_NAME", "podtailor-1")
    with fake_api() as (fake, api):
        writer = EventWriter(api)
        with running(writer, fake):
            yield fake, writer


def _denial(name: str = "web-7d", namespace: str = "shop") -> Denial:
    owner = ObjectReference("apps/v1", "ReplicaSet", name, namespace, "u1")
    return Denial(owner, ("small",), "podtailor: policy small: container app: too large")


def _status(spec: str, ready: Condition | None = None, namespace: str | None = None) -> PolicyStatus:
    metadata = Meta(name="bad", namespace=namespace, uid="u2", generation=2, resourceVersion="7")
    kind = policy_kinds.KINDS[bool(namespace)]
    (status,) = PolicyStatuses().replace_all([PolicyObject(kind, metadata, spec.encode(), ready)])
    return status


def test_denial_is_an_event_of_the_owner(writing: tuple[FakeApi, EventWriter]) -> None:
    fake, writer = writing
    fake.respond({})
    writer.report_denial(_denial())
    fake.wait_for(1)
    (event,) = fake.requests
    time = event.pop("eventTime")
    assert time.endswith("Z")
    assert len(time) == len("2026-01-01T00:00:00.000000Z")
    name = event["metadata"].pop("name")
    assert name.startswith("web-7d.")
    assert event == {
        "method": "POST",
        "path": "/apis/events.k8s.io/v1/namespaces/shop/events",
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"namespace": "shop"},
        "reportingController": "podtailor.dev/webhook",
        "reportingInstance": "podtailor-1",
        "action": "CreatePod",
        "reason": "PodDenied",
        "regarding": {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "name": "web-7d",
            "namespace": "shop",
            "uid": "u1",
        },
        "note": "Pod refused by policy small: container app: too large",
        "type": "Warning",
    }


def test_thousand_denials_are_few_writes(writing: tuple[FakeApi, EventWriter]) -> None:
    fake, writer = writing
    fake.respond({}, {}, {})
    writer.report_denial(_denial())
    fake.wait_for(1)
    for _ in range(999):
        writer.report_denial(_denial())
    fake.wait_for(2)
    created, patched = fake.requests[:2]
    assert "series" not in created
    assert (patched["method"], patched["series"]["count"]) == ("PATCH", 1000)
    assert patched["path"].endswith(f"/events/{created['metadata']['name']}")
    assert len(fake.requests) == 2


def test_policy_that_cannot_be_used_is_an_event_until_its_status_says_so(
    writing: tuple[FakeApi, EventWriter],
) -> None:
    fake, writer = writing
    fake.respond({}, {})
    written = Condition(type="Ready", status="False", reason="Invalid", observedGeneration=2)
    writer.report_policies(
        {
            "bad": _status("[]"),
            "shop/bad": _status("[]", namespace="shop"),
            "written": _status("[]", ready=written),
            "good": _status("{}"),
            "gone": None,
        }
    )
    fake.wait_for(2)
    cluster_wide, namespaced = fake.requests
    assert cluster_wide["path"] == "/apis/events.k8s.io/v1/namespaces/default/events"
    assert cluster_wide["regarding"] == {
        "apiVersion": "podtailor.dev/v1alpha1",
        "kind": "ClusterWorkloadPolicy",
        "name": "bad",
        "uid": "u2",
    }
    assert cluster_wide["reason"] == "PolicyInvalid"
    assert namespaced["path"] == "/apis/events.k8s.io/v1/namespaces/shop/events"
    assert namespaced["regarding"]["namespace"] == "shop"
    assert len(fake.requests) == 2


def test_without_the_role_there_is_one_attempt_in_a_namespace_and_one_log_line(
    writing: tuple[FakeApi, EventWriter], caplog: pytest.LogCaptureFixture
) -> None:
    fake, writer = writing
    fake.respond({}, {}, status=403)
    writer.report_denial(_denial())
    eventually("it is known", lambda: writer.counts()["forbidden"] == 1)
    for _ in range(10):
        writer.report_denial(_denial())
    writer.report_denial(_denial(namespace="other"))
    eventually("all are counted", lambda: writer.counts()["forbidden"] == 12)
    assert len(fake.requests) == 2
    assert [record.message for record in caplog.records] == [
        "events may not be written: without the role there are none"
    ]


@pytest.mark.parametrize(
    ("status", "result", "requests"),
    [
        pytest.param(422, "failed", 1, id="invalid is dropped"),
        pytest.param(404, "failed", 1, id="a namespace that is gone is dropped"),
        pytest.param(429, "written", 2, id="too many requests is tried again"),
        pytest.param(500, "written", 2, id="a failure is tried again"),
    ],
)
def test_event_that_is_not_taken(
    writing: tuple[FakeApi, EventWriter], status: int, result: str, requests: int
) -> None:
    fake, writer = writing
    fake.respond({}, status=status)
    fake.respond({})
    writer.report_denial(_denial())
    eventually("it is settled", lambda: writer.counts()[result] == 1)
    assert len(fake.requests) == requests
    names = {each["metadata"]["name"] for each in fake.requests}
    assert len(names) == 1, "a retry has the same name"


def test_lost_answer_makes_no_second_event(writing: tuple[FakeApi, EventWriter]) -> None:
    fake, writer = writing
    fake.respond({}, status=500)
    fake.respond({}, status=409)
    fake.respond({})
    writer.report_denial(_denial())
    fake.wait_for(2)
    writer.report_denial(_denial())
    fake.wait_for(3)
    assert [each["method"] for each in fake.requests] == ["POST", "POST", "PATCH"]


def test_expired_event_is_written_again(writing: tuple[FakeApi, EventWriter]) -> None:
    fake, writer = writing
    fake.respond({})
    fake.respond({}, status=404)
    fake.respond({})
    writer.report_denial(_denial())
    fake.wait_for(1)
    writer.report_denial(_denial())
    fake.wait_for(3)
    assert [each["method"] for each in fake.requests] == ["POST", "PATCH", "POST"]
    first, _, last = fake.requests
    assert first["metadata"]["name"] != last["metadata"]["name"]


def test_flood_of_owners_is_written_slowly_and_counted(writing: tuple[FakeApi, EventWriter]) -> None:
    fake, writer = writing
    fake.respond(*[{}] * 100)
    for number in range(1000):
        writer.report_denial(_denial(f"web-{number}", f"n{number // 10}"))
    assert writer.counts()["dropped"] >= 500 - 25
    eventually("the first are written", lambda: writer.counts()["written"] >= 20)
    assert len(fake.requests) < 30, "a token bucket"
    assert len(json.dumps(fake.requests[0])) < 3000
