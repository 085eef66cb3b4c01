"""What is written into the status of policies, and what happens where it cannot be."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from msgspec import structs

from tests.cluster.fake_api import Answers, answering
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
def writing() -> Iterator[tuple[Answers, StatusWriter]]:
    with answering() as (answers, api):
        writer = StatusWriter(api)
        writer.start()
        yield answers, writer
        writer.stop()
        answers.end()
        writer.join(10)
        assert not writer.is_alive()


def _policy_status(name: str, *, ready: Condition | None = None, spec: str = "{}") -> PolicyStatus:
    metadata = Meta(name=name, uid=name, generation=2, resourceVersion="7")
    (policy_status,) = PolicyStatuses().replace_all(
        [PolicyObject(policy_kinds.KINDS[0], metadata, spec.encode(), ready)]
    )
    return policy_status


def test_writes_only_what_is_not_said_yet(writing: tuple[Answers, StatusWriter]) -> None:
    answers, writer = writing
    there = Condition("Ready", "True", "InForce", "in other words", 2)
    old = Condition("Ready", "True", "InForce", "as written", 1, "2026-01-01T00:00:00Z")
    answers.give({}, {})
    writer.enqueue(
        _wanted(
            _policy_status("said", ready=there),
            _policy_status("new", spec="[]"),
            _policy_status("old", ready=old),
        )
    )
    answers.wait_for(2)
    first, second = answers.asked
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
    assert json.dumps(answers.asked).count("resourceVersion") == 2


def test_what_is_forbidden_is_tried_again_much_later(
    writing: tuple[Answers, StatusWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the component that allows it, once: nobody is asked for each policy, every second."""
    monkeypatch.setattr(status_writer, "FORBIDDEN_SECONDS", 3.0)
    answers, writer = writing
    answers.give({}, status=403)
    answers.give({})
    writer.enqueue(_wanted(_policy_status("first"), _policy_status("second")))
    answers.wait_for(1)
    started = time.monotonic()
    answers.wait_for(2)
    assert time.monotonic() - started > 2.5
    assert answers.asked[1]["path"] == answers.asked[0]["path"]


@pytest.mark.parametrize(("code", "again"), [(409, False), (404, False), (403, True), (500, True)])
def test_conflict_is_for_others_to_settle_and_a_refusal_is_tried_again(
    writing: tuple[Answers, StatusWriter], code: int, monkeypatch: pytest.MonkeyPatch, *, again: bool
) -> None:
    monkeypatch.setattr(status_writer, "FORBIDDEN_SECONDS", 0.1)
    answers, writer = writing
    answers.give("not JSON at all", status=code)
    answers.give({})
    writer.enqueue(_wanted(_policy_status("first")))
    answers.wait_for(1)
    if again:
        answers.wait_for(2)
        assert answers.asked[0]["path"] == answers.asked[1]["path"]
    else:
        writer.enqueue(_wanted(_policy_status("second")))
        eventually("the next is written", lambda: len(answers.asked) == 2)
        assert answers.asked[1]["path"].endswith("/second/status")


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


def _namespaces(answers: Answers) -> list[str]:
    return [each["path"].split("/namespaces/")[1].partition("/")[0] for each in answers.asked]


def test_namespaces_take_turns(writing: tuple[Answers, StatusWriter]) -> None:
    """Nobody waits for somebody else's thousands."""
    answers, writer = writing
    answers.give(*[{}] * 4)
    writer.enqueue(
        {**_policy_statuses("crowd", 1000), **_policy_statuses("shop", 1), **_policy_statuses("other", 1)}
    )
    answers.wait_for(4)
    assert _namespaces(answers)[:4] == ["crowd", "shop", "other", "crowd"]


def test_those_over_the_limit_come_slowly(
    writing: tuple[Answers, StatusWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_writer, "_RETRY_SECONDS", 600.0)
    monkeypatch.setattr(status_writer, "_WRITES_PER_SECOND", 1000.0)
    answers, writer = writing
    answers.give(*[{}] * 10)
    writer.enqueue({**_policy_statuses("crowd", 1000, is_excess=True), **_policy_statuses("shop", 5)})
    answers.wait_for(6)
    assert sorted(_namespaces(answers)) == ["crowd", *["shop"] * 5]
    writer.enqueue(_policy_statuses("late", 1))
    answers.wait_for(7)
    assert _namespaces(answers)[6] == "late"


def test_what_is_no_longer_wanted_is_not_written(writing: tuple[Answers, StatusWriter]) -> None:
    """The newest word counts: it was written by another replica, or the policy has gone."""
    answers, writer = writing
    answers.give("no", status=500)
    answers.give({}, {})
    first, gone = _policy_status("first"), _policy_status("gone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(status_writer, "_RETRY_SECONDS", 0.5)
        writer.enqueue(_wanted(first, gone))
        answers.wait_for(1)
        there = Condition("Ready", "True", "InForce", "", 2)
        writer.enqueue({"first": _policy_status("first", ready=there), "gone": None})
        writer.enqueue(_wanted(_policy_status("second")))
        answers.wait_for(2)
    assert [each["path"].split("/")[-2] for each in answers.asked] == ["first", "second"]


def test_long_message_is_cut(writing: tuple[Answers, StatusWriter]) -> None:
    """The API takes 32,768 characters, and a person reads less."""
    answers, writer = writing
    answers.give({})
    writer.enqueue(_wanted(structs.replace(_policy_status("long"), message="why " * 10_000)))
    answers.wait_for(1)
    (condition,) = answers.asked[0]["status"]["conditions"]
    assert condition["message"].startswith("why why")
    assert len(condition["message"]) == 1024
