"""How many Pods a policy matched, as several replicas write it into its status."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec import structs

from tests.cluster.fake_api import FakeApi, fake_api, running
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.cluster import match_writer
from webhook.cluster.match_writer import MatchWriter
from webhook.cluster.pager import Meta
from webhook.cluster.policy_objects import MatchedBy, PolicyObject
from webhook.cluster.policy_status import PolicyStatus, PolicyStatuses
from webhook.policies import policy_kinds

T1 = "2026-01-01T00:00:00Z"
OTHER, GONE = MatchedBy("podtailor-2", 5, T1), MatchedBy("podtailor-0", 7, T1)


class Writing:
    def __init__(self, fake: FakeApi, writer: MatchWriter, matched: dict[str, int]) -> None:
        self.fake, self.writer, self.matched = fake, writer, matched

    def statuses(self) -> list[Json]:
        """What was written, without when this replica started."""
        written = [each["status"] for each in self.fake.requests if "status" in each]
        for status in written:
            for entry in status["matchedBy"]:
                if entry["replica"] == "podtailor-1":
                    entry.pop("since", None)
        return written


@pytest.fixture
def writing(monkeypatch: pytest.MonkeyPatch) -> Iterator[Writing]:
    monkeypatch.setenv("POD_NAME", "podtailor-1")
    monkeypatch.setattr(match_writer, "_ROUND_SECONDS", 0.02)
    monkeypatch.setattr(match_writer, "_WRITES_PER_SECOND", 1000.0)
    matched: dict[str, int] = {}
    with fake_api() as (fake, api):
        replicas = [{"metadata": {"name": name}} for name in ("podtailor-1", "podtailor-2")]
        fake.lists["pods"] = {"items": replicas}
        writer = MatchWriter(api, matched)
        with running(writer, fake):
            yield Writing(fake, writer, matched)


def _status(
    *matched_by: MatchedBy, uid: str = "u", version: str = "7", namespace: str | None = None
) -> PolicyStatus:
    metadata = Meta(name="models", namespace=namespace, uid=uid, resourceVersion=version)
    kind = policy_kinds.KINDS[bool(namespace)]
    (status,) = PolicyStatuses().replace_all(
        [PolicyObject(kind, metadata, b"{}", None, matched_by=matched_by)]
    )
    return status


def _own(pods: int) -> Json:
    return {"replica": "podtailor-1", "pods": pods}


def test_own_count_stands_beside_those_of_other_replicas(writing: Writing) -> None:
    writing.fake.respond({})
    writing.matched["shop/models"] = 3
    writing.writer.report_policies({"shop/models": _status(OTHER, namespace="shop")})
    eventually("it is written", writing.statuses)
    (patch,) = [each for each in writing.fake.requests if "status" in each]
    assert patch["path"] == (
        "/apis/podtailor.dev/v1alpha1/namespaces/shop/workloadpolicies/models/status"
        "?fieldManager=podtailor-matched"
    )
    assert patch["metadata"] == {"resourceVersion": "7"}
    assert writing.statuses() == [
        {"matchedPods": 8, "matchedBy": [{"replica": "podtailor-2", "pods": 5, "since": T1}, _own(3)]}
    ]


@pytest.mark.parametrize(
    ("count", "entries", "status"),
    [
        pytest.param(0, (OTHER, GONE), {"matchedPods": 5, "matchedBy": [{"replica": "podtailor-2", "pods": 5, "since": T1}]}, id="one of two"),
        pytest.param(0, (GONE,), {"matchedPods": 0, "matchedBy": []}, id="the last one"),
        pytest.param(2, (GONE,), {"matchedPods": 2, "matchedBy": [_own(2)]}, id="with the own count"),
    ],
)  # fmt: skip
def test_replica_that_is_gone_is_removed(
    writing: Writing, count: int, entries: tuple[MatchedBy, ...], status: Json
) -> None:
    writing.fake.respond({})
    writing.matched["models"] = count
    writing.writer.report_policies({"models": _status(*entries)})
    eventually("it is written", writing.statuses)
    assert writing.statuses() == [status]


def test_replica_that_has_just_started_is_kept(writing: Writing) -> None:
    """It began after Pods were listed, so they are listed again before its entry is judged."""
    writing.fake.respond(*[{}] * 3)
    writing.matched["models"] = 1
    writing.writer.report_policies({"models": _status()})
    eventually("the first is written", writing.statuses)
    names = ("podtailor-1", "podtailor-2", "podtailor-3")
    writing.fake.lists["pods"] = {"items": [{"metadata": {"name": name}} for name in names]}
    started = MatchedBy("podtailor-3", 5, T1)
    writing.matched["other"] = 2
    writing.writer.report_policies({"other": _status(started)})
    eventually("the next is written", lambda: len(writing.statuses()) == 2)
    assert writing.statuses()[1]["matchedPods"] == 7


def test_entries_stay_without_the_right_to_list_pods(writing: Writing) -> None:
    writing.fake.lists = {}
    writing.fake.respond({}, status=403)
    writing.fake.respond({})
    writing.matched["models"] = 1
    writing.writer.report_policies({"models": _status(GONE)})
    eventually("it is written", writing.statuses)
    assert writing.statuses()[0]["matchedPods"] == 8


def test_nothing_is_written_without_a_change_and_soon_after_a_write(writing: Writing) -> None:
    writing.fake.respond(*[{}] * 5)
    writing.matched["models"] = 1
    writing.writer.report_policies({"models": _status(), "quiet": _status(OTHER)})
    eventually("it is written", writing.statuses)
    for count in range(2, 50):
        writing.matched["models"] = count
        writing.writer.report_policies({"models": _status(version=str(count))})
    writing.matched["last"] = 1
    writing.writer.report_policies({"last": _status()})
    eventually("another policy is written", lambda: len(writing.statuses()) == 2)
    assert [each["matchedPods"] for each in writing.statuses()] == [1, 1]
    lists = [each for each in writing.fake.requests if "status" not in each]
    assert len(lists) == 1, "replicas are listed once a minute"


def test_conflict_is_tried_again_with_what_the_other_replica_wrote(writing: Writing) -> None:
    writing.matched["models"] = 1
    writing.writer.report_policies({"models": _status()})
    writing.fake.wait_for(2)  # replicas are listed; the count waits for its answer
    writing.writer.report_policies({"models": _status(OTHER, version="8")})
    writing.fake.respond({}, status=409)
    writing.fake.respond(*[{}] * 20)
    eventually("it is written", lambda: any(each["matchedPods"] == 6 for each in writing.statuses()))


@pytest.mark.parametrize(
    "change",
    [pytest.param(None, id="is gone"), pytest.param(_status(uid="other"), id="has been created again")],
)
def test_count_ends_with_the_policy_that(writing: Writing, change: PolicyStatus | None) -> None:
    writing.matched["models"] = 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(match_writer, "_ROUND_SECONDS", 600.0)
        writing.writer.report_policies({"models": _status()})
        writing.writer.report_policies({"models": change})
        assert writing.matched == {}


def test_version_that_has_changed_in_the_round_is_not_tried(writing: Writing) -> None:
    """Each would be a conflict: with many policies the replica that comes first would always win."""
    writing.matched |= {"first": 1, "models": 1}
    writing.writer.report_policies({"first": _status(), "models": _status()})
    writing.fake.wait_for(2)  # replicas are listed; the first policy waits for its answer
    writing.writer.report_policies({"models": _status(OTHER, version="8")})
    writing.fake.respond(*[{}] * 5)
    eventually("both are written", lambda: len(writing.statuses()) == 2)
    written = [each for each in writing.fake.requests if "status" in each]
    assert [each["metadata"]["resourceVersion"] for each in written] == ["7", "8"]
    assert written[1]["status"]["matchedPods"] == 6


def test_policy_over_the_limit_is_left_alone(writing: Writing) -> None:
    """The entries of other replicas are not kept, so that each would remove those of the others."""
    writing.fake.respond(*[{}] * 5)
    writing.matched |= {"shop/models": 3, "last": 1}
    excess = _status(namespace="shop")
    excess = structs.replace(excess, object=excess.object.as_excess())
    writing.writer.report_policies({"shop/models": excess, "last": _status()})
    eventually("the other is written", writing.statuses)
    assert [each["matchedPods"] for each in writing.statuses()] == [1]


def test_count_of_no_policy_of_the_cluster_is_forgotten(writing: Writing) -> None:
    """A policy of a file, or one that a review still matched while it was removed."""
    writing.fake.respond({})
    writing.writer.report_policies({"models": _status()})
    writing.matched |= {"gone": 5, "models": 1}
    eventually("it is forgotten", lambda: writing.matched == {"models": 1})
    writing.writer.report_policies({"gone": _status()})
    eventually("the other is written", writing.statuses)
    assert [each["matchedPods"] for each in writing.statuses()] == [1]
