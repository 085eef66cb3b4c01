"""What is written into the status of policies, and what happens where it cannot be."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from msgspec import structs

from tests.cluster.fake_api import FakeApi, fake_api, running
from tests.support.processes import eventually
from webhook.cluster import status_writer
from webhook.cluster.pager import Meta
from webhook.cluster.policy_objects import Condition, PolicyObject
from webhook.cluster.policy_status import PolicyStatus, PolicyStatuses
from webhook.cluster.status_writer import StatusWriter
from webhook.policies import policy_kinds


@pytest.fixture(autouse=True)
def without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_writer, "_LONGEST_WAIT", 0.01)
    monkeypatch.setattr(status_writer, "_RETRY_SECONDS", 0.01)


def _wanted(*policy_statuses: PolicyStatus) -> dict[str, PolicyStatus | None]:
    return {policy_status.object.key: policy_status for policy_status in policy_statuses}


@pytest.fixture
def writing() -> Iterator[tuple[FakeApi, StatusWriter]]:
    with fake_api() as (fake, api):
        writer = StatusWriter(api)
        with running(writer, fake):
            yield fake, writer


def _policy_status(name: str, *, ready: Condition | None = None, spec: str = "{}") -> PolicyStatus:
    metadata = Meta(name=name, uid=name, generation=2, resourceVersion="7")
    (policy_status,) = PolicyStatuses().replace_all(
        [PolicyObject(policy_kinds.KINDS[0], metadata, spec.encode(), ready)]
    )
    return policy_status


def test_writes_only_what_is_not_written_yet(writing: tuple[FakeApi, StatusWriter]) -> None:
    fake, writer = writing
    there = Condition(
        type="Ready", status="True", reason="InForce", message="in other words", observedGeneration=2
    )
    old = Condition(
        type="Ready",
        status="True",
        reason="InForce",
        message="as written",
        observedGeneration=1,
        lastTransitionTime="2026-01-01T00:00:00Z",
    )
    fake.respond({}, {})
    writer.enqueue(
        _wanted(
            _policy_status("written", ready=there),
            _policy_status("new", spec="[]"),
            _policy_status("old", ready=old),
        )
    )
    fake.wait_for(2)
    first, second = fake.requests
    assert first["path"] == "/apis/podtailor.dev/v1alpha1/clusterworkloadpolicies/new/status"
    assert first["metadata"] == {"resourceVersion": "7"}
    (condition,) = first["status"]["conditions"]
    assert (condition["status"], condition["reason"], condition["observedGeneration"]) == (
        "False",
        "Invalid",
        2,
    )
    assert second["path"].endswith("/old/status")
    (condition,) = second["status"]["conditions"]
    assert condition["lastTransitionTime"] == "2026-01-01T00:00:00Z", "it was True before"
    assert json.dumps(fake.requests).count("resourceVersion") == 2


def test_what_is_forbidden_is_tried_again_much_later(
    writing: tuple[FakeApi, StatusWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the role that allows it, one request is made, not one for each policy every second."""
    monkeypatch.setattr(status_writer, "FORBIDDEN_SECONDS", 3.0)
    fake, writer = writing
    fake.respond({}, status=403)
    fake.respond({})
    writer.enqueue(_wanted(_policy_status("first"), _policy_status("second")))
    fake.wait_for(1)
    started = time.monotonic()
    fake.wait_for(2)
    assert time.monotonic() - started > 2.5
    assert fake.requests[1]["path"] == fake.requests[0]["path"]


@pytest.mark.parametrize(("code", "again"), [(409, False), (404, False), (403, True), (500, True)])
def test_conflict_is_for_others_to_settle_and_a_refusal_is_tried_again(
    writing: tuple[FakeApi, StatusWriter], code: int, monkeypatch: pytest.MonkeyPatch, *, again: bool
) -> None:
    monkeypatch.setattr(status_writer, "FORBIDDEN_SECONDS", 0.1)
    fake, writer = writing
    fake.respond("not JSON at all", status=code)
    fake.respond({})
    writer.enqueue(_wanted(_policy_status("first")))
    fake.wait_for(1)
    if again:
        fake.wait_for(2)
        assert fake.requests[0]["path"] == fake.requests[1]["path"]
    else:
        writer.enqueue(_wanted(_policy_status("second")))
        eventually("the next is written", lambda: len(fake.requests) == 2)
        assert fake.requests[1]["path"].endswith("/second/status")


def _policy_statuses(
    namespace: str, count: int, *, is_excess: bool = False
) -> dict[str, PolicyStatus | None]:
    made: dict[str, PolicyStatus | None] = {}
    for number in range(count):
        metadata = Meta(name=f"p{number}", namespace=namespace, uid=f"{namespace}{number}", generation=1)
        policy_object = PolicyObject(policy_kinds.KINDS[1], metadata, b"{}", None)
        (policy_status,) = PolicyStatuses().replace_all(
            [policy_object.as_excess() if is_excess else policy_object]
        )
        made[policy_object.key] = policy_status
    return made


def _namespaces(fake: FakeApi) -> list[str]:
    return [each["path"].split("/namespaces/")[1].partition("/")[0] for each in fake.requests]


def test_namespaces_take_turns(writing: tuple[FakeApi, StatusWriter]) -> None:
    """No namespace waits for the thousands of another."""
    fake, writer = writing
    fake.respond(*[{}] * 4)
    writer.enqueue(
        {**_policy_statuses("crowd", 1000), **_policy_statuses("shop", 1), **_policy_statuses("other", 1)}
    )
    fake.wait_for(4)
    assert _namespaces(fake)[:4] == ["crowd", "shop", "other", "crowd"]


def test_those_over_the_limit_come_slowly(
    writing: tuple[FakeApi, StatusWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_writer, "_RETRY_SECONDS", 600.0)
    monkeypatch.setattr(status_writer, "_WRITES_PER_SECOND", 1000.0)
    fake, writer = writing
    fake.respond(*[{}] * 10)
    writer.enqueue({**_policy_statuses("crowd", 1000, is_excess=True), **_policy_statuses("shop", 5)})
    fake.wait_for(6)
    assert sorted(_namespaces(fake)) == ["crowd", *["shop"] * 5]
    writer.enqueue(_policy_statuses("late", 1))
    fake.wait_for(7)
    assert _namespaces(fake)[6] == "late"


def test_what_is_no_longer_wanted_is_not_written(writing: tuple[FakeApi, StatusWriter]) -> None:
    """The newest word counts: it was written by another replica, or the policy has gone."""
    fake, writer = writing
    fake.respond("no", status=500)
    fake.respond({}, {})
    first, gone = _policy_status("first"), _policy_status("gone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(status_writer, "_RETRY_SECONDS", 0.5)
        writer.enqueue(_wanted(first, gone))
        fake.wait_for(1)
        there = Condition(type="Ready", status="True", reason="InForce", observedGeneration=2)
        writer.enqueue({"first": _policy_status("first", ready=there), "gone": None})
        writer.enqueue(_wanted(_policy_status("second")))
        fake.wait_for(2)
    assert [each["path"].split("/")[-2] for each in fake.requests] == ["first", "second"]


def test_long_message_is_cut(writing: tuple[FakeApi, StatusWriter]) -> None:
    """The API takes 32,768 characters, and a person reads less."""
    fake, writer = writing
    fake.respond({})
    writer.enqueue(_wanted(structs.replace(_policy_status("long"), message="why " * 10_000)))
    fake.wait_for(1)
    (condition,) = fake.requests[0]["status"]["conditions"]
    assert condition["message"].startswith("why why")
    assert len(condition["message"]) == 1024
