"""What is in force, and how old it says it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi, fake_api
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.cluster import indexed_policies, reflector
from webhook.cluster.pager import Meta
from webhook.cluster.policy_objects import Condition, PolicyObject
from webhook.cluster.snapshot_objects import LimitRangeBounds, Quota
from webhook.cluster.snapshots import SnapshotSource
from webhook.engine.snapshot import Snapshot
from webhook.model.policy import Bounds
from webhook.model.quantity import Quantity
from webhook.model.subject import Namespace
from webhook.policies import policy_kinds
from webhook.policies.merge import Update
from webhook.policies.shipped import Profile, shipped
from webhook.server.metrics import Metrics

EMPTY = {"metadata": {"resourceVersion": "1"}, "items": []}


@pytest.fixture
def listed() -> Iterator[tuple[FakeApi, SnapshotSource]]:
    """A source whose five kinds have been listed, and are watched in silence."""
    with fake_api() as (fake, api):
        fake.every_list = EMPTY
        source = SnapshotSource(Snapshot(), (), [], api)
        yield fake, source
        source.stop()
        fake.end()


def test_age_grows_while_nothing_is_observed(listed: tuple[FakeApi, SnapshotSource]) -> None:
    fake, source = listed
    source.start(lambda _: None)
    fake.wait_for(10)
    first = source.age()
    eventually("it grows", lambda: source.age() > first + 0.2)
    fake.respond(*['{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "2"}}}\n'] * 5)
    eventually("all have been observed", lambda: source.age() < 0.2)


def test_age_grows_while_no_snapshot_can_be_made(
    listed: tuple[FakeApi, SnapshotSource], caplog: pytest.LogCaptureFixture
) -> None:
    fake, source = listed

    def breaks(update: Update) -> None:
        raise RuntimeError(update)

    source.start(breaks)
    eventually("it has failed", lambda: "background work failed and starts again" in caplog.messages)
    failed_at = time.monotonic()
    fake.wait_for(10)
    fake.respond(*['{"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "2"}}}\n'] * 5)
    fake.wait_for(15)
    assert source.age() >= time.monotonic() - failed_at


CUSTOM = "/apis/podtailor.dev/"
POLICY = {"metadata": {"name": "from-the-cluster", "uid": "u", "resourceVersion": "9"}, "spec": {}}


def _list(*items: Json) -> Json:
    return {"metadata": {"resourceVersion": "9"}, "items": items}


def _names(update: Update) -> list[str]:
    return sorted(policy.name for policy in update.snapshot.policies)


@pytest.fixture
def without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reflector, "_FIRST_PAUSE", 0.01)
    monkeypatch.setattr(reflector, "_LONGEST_PAUSE", 0.05)


@pytest.mark.usefixtures("without_delay")
def test_without_definitions_what_is_shipped_is_in_force_until_they_come(
    caplog: pytest.LogCaptureFixture,
) -> None:
    updates: list[Update] = []
    caplog.set_level("INFO", "podtailor")
    with fake_api() as (fake, api):
        fake.every_list = EMPTY
        fake.not_served = CUSTOM
        source = SnapshotSource(Snapshot(), shipped(Profile.SAFE, ()), [], api)
        source.start(updates.append)
        eventually("there is a snapshot", lambda: updates)
        assert source.unsynced_kinds() == []
        assert _names(updates[-1]) == ["arm64", "general", "gpu", "stateful"]
        metrics = Metrics()
        metrics.set_snapshot(updates[-1])
        synced = {
            kind: metrics.registry.get_sample_value("podtailor_informer_synced", {"kind": kind})
            for kind in ("workloadpolicies", "clusterworkloadpolicies", "namespaces")
        }
        assert synced == {"workloadpolicies": 0, "clusterworkloadpolicies": 0, "namespaces": 1}
        assert source.age() < 5
        warned = sorted(vars(each)["kind"] for each in caplog.records if each.levelname == "WARNING")
        assert warned == ["clusterworkloadpolicies", "workloadpolicies"], "once each"
        fake.every_list = {"metadata": {"resourceVersion": "9"}, "items": [POLICY]}
        # The namespaced kind is still not served: the same object would be an invalid one of it.
        fake.not_served = f"{CUSTOM}v1alpha1/workloadpolicies"
        eventually("policies are observed", lambda: "from-the-cluster" in _names(updates[-1]))
        source.stop()
        fake.end()


class Cluster:
    """A source of a cluster whose reflectors do not run: tests put objects into them."""

    def __init__(self, api: ApiClient) -> None:
        self.reported: list[Any] = []
        self.source = SnapshotSource(Snapshot(), (), [], api, self.reported.append)
        self.kinds = {reflector.resource.name: reflector for reflector in self.source.reflectors}

    def observe(self, kind: str, key: str, item: Any) -> None:
        store = self.kinds[kind].store
        if item is None:
            store.drop(key)
        else:
            store.put(key, item)

    def policy(self, name: str, spec: str = "{}", *, generation: int = 1, ready: str = "") -> None:
        metadata = Meta(name=name, namespace="n1", uid=name, generation=generation, resourceVersion=ready)
        condition = Condition(type="Ready", status="True", reason=ready) if ready else None
        policy_object = PolicyObject(policy_kinds.KINDS[1], metadata, spec.encode(), condition)
        self.observe("workloadpolicies", f"n1/{name}", policy_object)


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with fake_api() as (fake, api):
        fake.every_list = EMPTY
        made = Cluster(api)
        for number in range(1000):
            made.observe("namespaces", f"/n{number}", Namespace(f"n{number}"))
            made.observe(
                "resourcequotas",
                f"n{number}/q",
                Quota(f"n{number}", by_class=False, counts_ephemeral_storage=False),
            )
        for number in range(10):
            made.policy(f"p{number}")
        made.source.update()
        yield made


@pytest.mark.parametrize(
    ("kind", "key", "item"),
    [
        ("namespaces", "/n1", Namespace("n1", {"podtailor.dev/mode": "audit"})),
        ("namespaces", "/n1", None),
        ("namespaces", "/new", Namespace("new")),
        ("resourcequotas", "n1/q", None),
        ("resourcequotas", "n1/other", Quota("n1", by_class=True, counts_ephemeral_storage=False)),
        ("limitranges", "n1/r", LimitRangeBounds("n1", (Bounds({}, {"cpu": Quantity("1", 1000)}, {}),), ())),
    ],
    ids=["labelled", "deleted", "new", "quota gone", "quota more", "bounds"],
)
def test_one_event_builds_one_namespace(cluster: Cluster, kind: str, key: str, item: Any) -> None:
    namespaces = cluster.source.namespaces
    before, built = dict(namespaces.all), namespaces.built
    index = cluster.source.update().snapshot.policies
    cluster.observe(kind, key, item)
    after = cluster.source.update().snapshot
    assert namespaces.built == built + 1
    assert after.policies is index, "policies have not changed"
    name = key.strip("/").partition("/")[0]
    others = {each: found for each, found in after.namespaces.items() if each != name}
    assert all(before[each] is found for each, found in others.items())
    assert len(others) >= 999


def test_quota_and_bounds_are_joined_to_their_namespace_whatever_comes_first(cluster: Cluster) -> None:
    cluster.observe("resourcequotas", "late/q", Quota("late", by_class=True, counts_ephemeral_storage=False))
    cluster.observe(
        "limitranges", "late/r", LimitRangeBounds("late", (Bounds({}, {"cpu": Quantity("1", 1000)}, {}),), ())
    )
    assert "late" not in cluster.source.update().snapshot.namespaces
    cluster.observe("namespaces", "/late", Namespace("late"))
    late = cluster.source.update().snapshot.namespaces["late"]
    assert (late.has_best_effort_quota, len(late.container_bounds)) == (True, 1)
    cluster.observe("resourcequotas", "late/q", None)
    assert not cluster.source.update().snapshot.namespaces["late"].has_best_effort_quota


def test_own_status_write_makes_no_snapshot(cluster: Cluster) -> None:
    """Nor does any event without a change for reviews; the status writer gets it all the same."""
    updates: list[Update] = []
    cluster.source.on_update = updates.append
    cluster.source.publish()
    assert len(updates) == 1
    cluster.policy("p1", ready="InForce")
    cluster.source.publish()
    assert len(updates) == 1
    assert cluster.reported[-1]["n1/p1"].object.ready.reason == "InForce"
    cluster.policy("p1", '{"priority": 3}', generation=2, ready="InForce")
    cluster.source.publish()
    assert len(updates) == 2
    assert list(cluster.reported[-1]) == ["n1/p1"], "and of no other"


def test_one_line_is_logged_for_all_over_the_limit(caplog: pytest.LogCaptureFixture) -> None:
    items = [
        {
            "metadata": {"name": f"p{number:03}", "namespace": namespace, "uid": f"{namespace}{number}"},
            "spec": {},
        }
        for namespace in ("crowd", "mob")
        for number in range(200)
    ]
    with fake_api() as (fake, api):
        fake.every_list = EMPTY
        fake.lists["workloadpolicies"] = _list(*items)
        source = SnapshotSource(Snapshot(), (), [], api)
        source.start(lambda _: None)
        eventually("it is logged", lambda: len(caplog.records) >= 2)
        fake.wait_for(10)
        source.stop()
        fake.end()
    logged = [
        (vars(each)["namespace"], vars(each)["excess"])
        for each in caplog.records
        if "namespace" in vars(each)
    ]
    assert sorted(logged) == [("crowd", 180), ("mob", 180)]
    assert [each.message for each in caplog.records if each.name == "podtailor.policies"] == [
        "too many policies in a namespace: only the oldest are in force"
    ] * 2


def test_changes_without_end_are_taken_in_at_intervals(listed: tuple[FakeApi, SnapshotSource]) -> None:
    """What one change costs decides how soon the next are looked at: a tenth of a core at most."""
    fake, source = listed
    builds: list[float] = []
    pause = threading.Event()

    def costly(_: Update) -> None:
        started = time.thread_time()
        while time.thread_time() - started < 0.05:
            pass
        builds.append(time.monotonic())

    source.start(costly)
    eventually("it is built", lambda: builds)
    fake.wait_for(10)
    until = time.monotonic() + 2
    while time.monotonic() < until:
        source.changed()
        pause.wait(0.001)
    assert len(builds) <= 6, "50 ms each, in 2 s"


def test_changes_that_could_not_be_taken_in_are_not_lost(cluster: Cluster) -> None:
    cluster.policy("new", '{"priority": 5}')
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(indexed_policies.IndexedPolicies, "update", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            cluster.source.update()
    assert "new" in _names(cluster.source.update())
