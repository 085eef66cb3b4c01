"""Which policies of a cluster are in force."""

from __future__ import annotations

import json

from webhook.cluster.kinds import MOST_BYTES, Known, policies_of
from webhook.cluster.listing import Meta, Object
from webhook.cluster.standing import MOST_IN_A_NAMESPACE, Standing, Standings
from webhook.policies import crd


def _known(name: str, spec: str = "{}", *, age: int = 0, namespace: str | None = None) -> Known:
    created = f"2026-01-01T00:{60 - age - 1:02}:00Z"
    metadata = Meta(name=name, namespace=namespace, uid=f"{namespace}-{name}", creationTimestamp=created)
    return Known(crd.KINDS[1 if namespace else 0], metadata, spec.encode(), None)


def _priorities(standings: tuple[Standing, ...]) -> dict[str, int | None]:
    return {each.known.key: each.policy.priority if each.policy else None for each in standings}


def test_last_good_version_stays_until_the_next() -> None:
    standings = Standings()
    standings.of([_known("a", '{"priority": 1}')])
    (broken,) = standings.of([_known("a", '{"priority": -1}')])
    assert (broken.is_ready, broken.reason, broken.policy and broken.policy.priority) == (False, "Invalid", 1)
    assert broken.message.endswith("; the last good version stays in force")
    assert _priorities(standings.of([_known("a", '{"priority": 3}')])) == {"a": 3}


def test_one_that_was_never_good_is_not_in_force() -> None:
    (broken,) = Standings().of([_known("a", '{"priority": -1}')])
    assert broken.policy is None
    assert broken.message == "spec.priority: should be greater than or equal to 0"


def test_deleted_and_made_again_remembers_nothing() -> None:
    standings = Standings()
    standings.of([_known("a", '{"priority": 1}')])
    standings.of([])
    assert _priorities(standings.of([_known("a", '{"priority": -1}')])) == {"a": None}


def test_nothing_that_a_spec_says_raises() -> None:
    nested = '{"a":' * 5000 + "1" + "}" * 5000
    for spec in ("null", "[]", '"text"', '{"priority": 1e999}', nested, json.dumps({"mode": "x" * 100_000})):
        (standing,) = Standings().of([_known("a", spec)])
        assert (standing.is_ready, standing.policy) == (False, None)


def test_one_that_is_too_large_is_not_kept() -> None:
    spec = {"match": {"annotations": {"a": "x" * MOST_BYTES}}}
    raw = json.dumps({"metadata": {"name": "a"}, "spec": spec}).encode()
    known = policies_of(crd.KINDS[0]).read(Object(Meta(name="a"), raw))
    assert known.spec is None
    (standing,) = Standings().of([known])
    assert (standing.policy, standing.reason) == (None, "TooLarge")


def test_oldest_of_a_namespace_are_heard() -> None:
    crowd = [_known(f"p{age}", age=age, namespace="shop") for age in range(MOST_IN_A_NAMESPACE + 2)]
    others = [_known("p", namespace="other"), _known("p")]
    standings = Standings().of([*crowd, *others])
    unheard = {each.known.key for each in standings if each.reason == "TooMany"}
    assert unheard == {"shop/p0", "shop/p1"}
    assert {each.known.key for each in standings if not each.policy} == unheard
