"""Which policies of a cluster are in force."""

from __future__ import annotations

import json
import tracemalloc

from msgspec import structs

from webhook.cluster.pager import Meta, Object, object_of
from webhook.cluster.policy_objects import (
    MAX_BYTES,
    MAX_IN_A_NAMESPACE,
    Condition,
    OldestHeld,
    PolicyObject,
    policies_of,
)
from webhook.cluster.policy_status import PolicyStatus, PolicyStatuses
from webhook.policies import policy_kinds


def _known(name: str, spec: str = "{}", *, age: int = 0, namespace: str | None = None) -> PolicyObject:
    created = f"2026-01-01T00:{60 - age - 1:02}:00Z"
    metadata = Meta(name=name, namespace=namespace, uid=f"{namespace}-{name}", creationTimestamp=created)
    return PolicyObject(policy_kinds.KINDS[1 if namespace else 0], metadata, spec.encode(), None)


def _held(*known: PolicyObject) -> OldestHeld:
    held = OldestHeld()
    for each in known:
        held.put(each.age[1], each)
    return held


def _priorities(standings: tuple[PolicyStatus, ...]) -> dict[str, int | None]:
    return {each.known.key: each.policy.priority if each.policy else None for each in standings}


def test_last_good_version_stays_until_the_next() -> None:
    standings = PolicyStatuses()
    standings.of([_known("a", '{"priority": 1}')])
    (broken,) = standings.of([_known("a", '{"priority": -1}')])
    assert (broken.is_ready, broken.reason, broken.policy and broken.policy.priority) == (False, "Invalid", 1)
    assert broken.message.endswith("; the last good version stays in force")
    assert _priorities(standings.of([_known("a", '{"priority": 3}')])) == {"a": 3}


def test_one_that_was_never_good_is_not_in_force() -> None:
    (broken,) = PolicyStatuses().of([_known("a", '{"priority": -1}')])
    assert broken.policy is None
    assert broken.message == "spec.priority: should be greater than or equal to 0"


def test_deleted_and_made_again_remembers_nothing() -> None:
    standings = PolicyStatuses()
    standings.of([_known("a", '{"priority": 1}')])
    standings.of([])
    assert _priorities(standings.of([_known("a", '{"priority": -1}')])) == {"a": None}


def test_nothing_that_a_spec_says_raises() -> None:
    nested = '{"a":' * 5000 + "1" + "}" * 5000
    for spec in ("null", "[]", '"text"', '{"priority": 1e999}', nested, json.dumps({"mode": "x" * 100_000})):
        (standing,) = PolicyStatuses().of([_known("a", spec)])
        assert (standing.is_ready, standing.policy) == (False, None)


def test_one_that_is_too_large_is_not_kept() -> None:
    spec = {"match": {"annotations": {"a": "x" * MAX_BYTES}}}
    raw = json.dumps({"metadata": {"name": "a"}, "spec": spec}).encode()
    known = policies_of(policy_kinds.KINDS[0]).read(Object(Meta(name="a"), raw))
    assert known.spec is None
    (standing,) = PolicyStatuses().of([known])
    assert (standing.policy, standing.reason) == (None, "TooLarge")


def test_oldest_of_a_namespace_are_heard() -> None:
    crowd = [_known(f"p{age}", age=age, namespace="shop") for age in range(MAX_IN_A_NAMESPACE + 2)]
    others = [_known("p", namespace="other"), _known("p")]
    standings = PolicyStatuses().of(_held(*crowd, *others).values())
    unheard = {each.known.key for each in standings if each.reason == "TooMany"}
    assert unheard == {"shop/p0", "shop/p1"}
    assert {each.known.key for each in standings if not each.policy} == unheard


def _raw(name: str, spec: str = "{}", *, second: int = 0, **metadata: object) -> Object:
    created = f"2026-01-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
    head = {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": created, **metadata}
    return object_of(json.dumps({"metadata": head, "spec": json.loads(spec)}).encode())


def test_what_is_over_the_limit_costs_its_name_alone() -> None:
    """In whatever order they come; nor do labels and conditions cost more."""
    kind, held = policies_of(policy_kinds.KINDS[1]), OldestHeld()
    spec = json.dumps({"match": {"annotations": {"a": "x" * 31_000}}})
    read = [kind.read(_raw("warm", spec))]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for second in reversed(range(2_000)):
        labels = {f"l{number}": "x" * 60 for number in range(100)}
        found = kind.read(_raw(f"p{second}", spec, second=second, labels=labels))
        held.put(found.age[1], found)
    retained = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert sum(each.spec is not None for each in held.values()) == MAX_IN_A_NAMESPACE
    assert held["shop/p0"].spec
    assert held["shop/p20"].is_excess
    assert retained < MAX_IN_A_NAMESPACE * 35_000 + 2_000 * 1_500, retained
    assert read[0].metadata.labels is None


def test_next_oldest_has_to_be_read_again_where_one_goes() -> None:
    kind, held = policies_of(policy_kinds.KINDS[1]), OldestHeld()
    for second in range(25):
        held.put(f"shop/p{second}", kind.read(_raw(f"p{second}", second=second)))
    assert held.unread() == []
    held.drop("shop/p24")
    assert held.unread() == [], "that was none of the oldest"
    held.drop("shop/p3")
    held.drop("shop/p4")
    assert held.unread() == ["shop/p20", "shop/p21"]
    held.put("shop/p20", kind.read(_raw("p20", second=20)))
    assert held.unread() == ["shop/p21"]
    held.drop("shop/p21")
    assert held.unread() == ["shop/p22"]
    held.put("shop/p22", kind.read(_raw("p22", second=22)))
    assert held.unread() == []
    assert [key for key, each in held.items() if each.is_excess] == ["shop/p23"]


def test_one_that_is_made_again_is_the_youngest() -> None:
    kind, held = policies_of(policy_kinds.KINDS[1]), OldestHeld()
    for second in range(21):
        held.put(f"shop/p{second}", kind.read(_raw(f"p{second}", second=second)))
    held.put("shop/p0", kind.read(_raw("p0", second=99)))
    assert held["shop/p0"].is_excess
    assert held.unread() == ["shop/p20"]


def test_only_what_changed_is_looked_at_and_own_writes_are_no_news() -> None:
    standings = PolicyStatuses()
    standings.of([_known(f"p{number}") for number in range(5)])
    before = dict.fromkeys(["p1"], _known("p1"))
    written = structs.replace(before["p1"], ready=Condition("Ready", "True", "InForce", "", 0, ""))
    (change,) = standings.update({"p1": written}.items())
    assert (change.key, change.is_news) == ("p1", False)
    assert change.before
    assert change.now
    assert change.now.policy is change.before.policy, "nothing is compiled again"
    (change,) = standings.update({"p1": _known("p1", '{"priority": 3}')}.items())
    assert change.is_news
    (change,) = standings.update([("p1", None)])
    assert (change.is_news, change.now) == (True, None)
    assert len(list(standings.policies())) == 4


def test_message_that_is_kept_is_cut() -> None:
    labels = {f"{number}!": "x" for number in range(300)}
    (standing,) = PolicyStatuses().of([_known("a", json.dumps({"nodeSelector": labels}))])
    assert standing.reason == "Invalid"
    assert len(standing.message) < 1_000
