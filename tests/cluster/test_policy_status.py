"""Which policies of a cluster are in force."""

from __future__ import annotations

import json
import tracemalloc

from msgspec import structs

from webhook.cluster.pager import Meta, Object, parse_object
from webhook.cluster.policy_objects import (
    MAX_BYTES,
    MAX_IN_A_NAMESPACE,
    Condition,
    PolicyObject,
    PolicyStore,
    policies_of,
)
from webhook.cluster.policy_status import PolicyStatus, PolicyStatuses
from webhook.policies import policy_kinds


def _policy_object(
    name: str, spec: str = "{}", *, age: int = 0, namespace: str | None = None
) -> PolicyObject:
    created = f"2026-01-01T00:{60 - age - 1:02}:00Z"
    metadata = Meta(name=name, namespace=namespace, uid=f"{namespace}-{name}", creationTimestamp=created)
    return PolicyObject(policy_kinds.KINDS[1 if namespace else 0], metadata, spec.encode(), None)


def _store(*policy_objects: PolicyObject) -> PolicyStore:
    store = PolicyStore()
    for each in policy_objects:
        store.put(each.age[1], each)
    return store


def _priorities(policy_statuses: tuple[PolicyStatus, ...]) -> dict[str, int | None]:
    return {each.object.key: each.policy.priority if each.policy else None for each in policy_statuses}


def test_last_good_version_stays_until_the_next() -> None:
    policy_statuses = PolicyStatuses()
    policy_statuses.replace_all([_policy_object("a", '{"priority": 1}')])
    (broken,) = policy_statuses.replace_all([_policy_object("a", '{"priority": -1}')])
    assert (broken.is_ready, broken.reason, broken.policy and broken.policy.priority) == (False, "Invalid", 1)
    assert broken.message.endswith("; the last good version stays in force")
    assert _priorities(policy_statuses.replace_all([_policy_object("a", '{"priority": 3}')])) == {"a": 3}


def test_one_that_was_never_good_is_not_in_force() -> None:
    (broken,) = PolicyStatuses().replace_all([_policy_object("a", '{"priority": -1}')])
    assert broken.policy is None
    assert broken.message == "spec.priority: should be greater than or equal to 0"


def test_deleted_and_made_again_remembers_nothing() -> None:
    policy_statuses = PolicyStatuses()
    policy_statuses.replace_all([_policy_object("a", '{"priority": 1}')])
    policy_statuses.replace_all([])
    assert _priorities(policy_statuses.replace_all([_policy_object("a", '{"priority": -1}')])) == {"a": None}


def test_nothing_that_a_spec_says_raises() -> None:
    nested = '{"a":' * 5000 + "1" + "}" * 5000
    for spec in ("null", "[]", '"text"', '{"priority": 1e999}', nested, json.dumps({"mode": "x" * 100_000})):
        (policy_status,) = PolicyStatuses().replace_all([_policy_object("a", spec)])
        assert (policy_status.is_ready, policy_status.policy) == (False, None)


def test_one_that_is_too_large_is_not_kept() -> None:
    spec = {"match": {"annotations": {"a": "x" * MAX_BYTES}}}
    raw = json.dumps({"metadata": {"name": "a"}, "spec": spec}).encode()
    policy_object = policies_of(policy_kinds.KINDS[0]).read(Object(Meta(name="a"), raw))
    assert policy_object.spec is None
    (policy_status,) = PolicyStatuses().replace_all([policy_object])
    assert (policy_status.policy, policy_status.reason) == (None, "TooLarge")


def test_oldest_of_a_namespace_are_heard() -> None:
    crowd = [_policy_object(f"p{age}", age=age, namespace="shop") for age in range(MAX_IN_A_NAMESPACE + 2)]
    others = [_policy_object("p", namespace="other"), _policy_object("p")]
    policy_statuses = PolicyStatuses().replace_all(_store(*crowd, *others).values())
    over_limit = {each.object.key for each in policy_statuses if each.reason == "TooMany"}
    assert over_limit == {"shop/p0", "shop/p1"}
    assert {each.object.key for each in policy_statuses if not each.policy} == over_limit


def _raw(name: str, spec: str = "{}", *, second: int = 0, **metadata: object) -> Object:
    created = f"2026-01-01T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}Z"
    head = {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": created, **metadata}
    return parse_object(json.dumps({"metadata": head, "spec": json.loads(spec)}).encode())


def test_what_is_over_the_limit_costs_its_name_alone() -> None:
    """In whatever order they come; nor do labels and conditions cost more."""
    kind, store = policies_of(policy_kinds.KINDS[1]), PolicyStore()
    spec = json.dumps({"match": {"annotations": {"a": "x" * 31_000}}})
    read = [kind.read(_raw("warm", spec))]
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for second in reversed(range(2_000)):
        labels = {f"l{number}": "x" * 60 for number in range(100)}
        found = kind.read(_raw(f"p{second}", spec, second=second, labels=labels))
        store.put(found.age[1], found)
    retained = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert sum(each.spec is not None for each in store.values()) == MAX_IN_A_NAMESPACE
    assert store["shop/p0"].spec
    assert store["shop/p20"].is_excess
    assert retained < MAX_IN_A_NAMESPACE * 35_000 + 2_000 * 1_500, retained
    assert read[0].metadata.labels is None


def test_next_oldest_has_to_be_read_again_where_one_goes() -> None:
    kind, store = policies_of(policy_kinds.KINDS[1]), PolicyStore()
    for second in range(25):
        store.put(f"shop/p{second}", kind.read(_raw(f"p{second}", second=second)))
    assert store.incomplete() == []
    store.drop("shop/p24")
    assert store.incomplete() == [], "that was none of the oldest"
    store.drop("shop/p3")
    store.drop("shop/p4")
    assert store.incomplete() == ["shop/p20", "shop/p21"]
    store.put("shop/p20", kind.read(_raw("p20", second=20)))
    assert store.incomplete() == ["shop/p21"]
    store.drop("shop/p21")
    assert store.incomplete() == ["shop/p22"]
    store.put("shop/p22", kind.read(_raw("p22", second=22)))
    assert store.incomplete() == []
    assert [key for key, each in store.items() if each.is_excess] == ["shop/p23"]


def test_one_that_is_made_again_is_the_youngest() -> None:
    kind, store = policies_of(policy_kinds.KINDS[1]), PolicyStore()
    for second in range(21):
        store.put(f"shop/p{second}", kind.read(_raw(f"p{second}", second=second)))
    store.put("shop/p0", kind.read(_raw("p0", second=99)))
    assert store["shop/p0"].is_excess
    assert store.incomplete() == ["shop/p20"]


def test_only_what_changed_is_looked_at_and_own_writes_are_no_news() -> None:
    policy_statuses = PolicyStatuses()
    policy_statuses.replace_all([_policy_object(f"p{number}") for number in range(5)])
    before = dict.fromkeys(["p1"], _policy_object("p1"))
    written = structs.replace(
        before["p1"], ready=Condition(type="Ready", status="True", reason="InForce", observedGeneration=0)
    )
    (change,) = policy_statuses.update({"p1": written}.items())
    assert (change.key, change.affects_reviews) == ("p1", False)
    assert change.before
    assert change.now
    assert change.now.policy is change.before.policy, "nothing is compiled again"
    (change,) = policy_statuses.update({"p1": _policy_object("p1", '{"priority": 3}')}.items())
    assert change.affects_reviews
    (change,) = policy_statuses.update([("p1", None)])
    assert (change.affects_reviews, change.now) == (True, None)
    assert len(list(policy_statuses.policies())) == 4


def test_message_that_is_kept_is_cut() -> None:
    labels = {f"{number}!": "x" for number in range(300)}
    (policy_status,) = PolicyStatuses().replace_all(
        [_policy_object("a", json.dumps({"nodeSelector": labels}))]
    )
    assert policy_status.reason == "Invalid"
    assert len(policy_status.message) < 1_000
