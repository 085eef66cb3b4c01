"""Which policies of a cluster are in force."""

from __future__ import annotations

import json

from msgspec import structs

from webhook.cluster.pager import Meta
from webhook.cluster.policy_objects import (
    MAX_IN_A_NAMESPACE,
    Condition,
    PolicyObject,
    PolicyStore,
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
    assert broken.message == "spec.priority: must be greater than or equal to 0"


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


def test_oldest_of_a_namespace_are_heard() -> None:
    crowd = [_policy_object(f"p{age}", age=age, namespace="shop") for age in range(MAX_IN_A_NAMESPACE + 2)]
    others = [_policy_object("p", namespace="other"), _policy_object("p")]
    policy_statuses = PolicyStatuses().replace_all(_store(*crowd, *others).values())
    over_limit = {each.object.key for each in policy_statuses if each.reason == "TooMany"}
    assert over_limit == {"shop/p0", "shop/p1"}
    assert {each.object.key for each in policy_statuses if not each.policy} == over_limit


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


def test_message_that_is_kept_is_cut() -> None:
    labels = {f"{number}!": "x" for number in range(300)}
    (policy_status,) = PolicyStatuses().replace_all(
        [_policy_object("a", json.dumps({"nodeSelector": labels}))]
    )
    assert policy_status.reason == "Invalid"
    assert len(policy_status.message) < 1_000
