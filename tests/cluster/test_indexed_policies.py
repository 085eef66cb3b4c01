"""Whatever changes, the index is that of all policies in force; of the cluster's, only changed ones are compiled."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.pods import policy_of
from webhook.cluster.indexed_policies import IndexedPolicies
from webhook.engine import match
from webhook.engine.index import PolicyIndex
from webhook.model.policy import Policy
from webhook.policies.merge import merge
from webhook.policies.shipped import Profile, built_in

SHIPPED = tuple(built_in(Profile.SAFE))


def _policy(name: str, **spec: Any) -> Policy:
    return policy_of(
        {
            "apiVersion": "podtailor.dev/v1alpha1",
            "kind": "ClusterWorkloadPolicy",
            "metadata": {"name": name},
            "spec": spec,
        }
    )


STEPS: list[tuple[str, dict[str, Policy | None], tuple[Policy, ...]]] = [
    ("comes", {"a": _policy("a"), "b": _policy("b", priority=2)}, ()),
    ("changes", {"a": _policy("a", priority=5)}, ()),
    ("takes the place of one that ships", {"gpu": _policy("gpu", mode="Off")}, ()),
    ("only audits", {"gpu": _policy("gpu", mode="Audit")}, ()),
    ("comes in a file too", {}, (_policy("b", priority=9), _policy("c"))),
    ("goes, and the one in the file stays", {"b": None}, (_policy("b", priority=9), _policy("c"))),
    ("goes from the file", {}, ()),
    ("goes", {"a": None, "gpu": None, "never-came": None}, ()),
]


def test_index_is_that_of_all_policies() -> None:
    policies = IndexedPolicies(SHIPPED)
    of_cluster: dict[str, Policy] = {}
    for what, changes, of_files in STEPS:
        policies.update(changes, of_files)
        of_cluster |= {key: policy for key, policy in changes.items() if policy}
        of_cluster = {key: policy for key, policy in of_cluster.items() if changes.get(key, policy)}
        expected = PolicyIndex(merge(of_cluster.values(), of_files, SHIPPED))
        assert list(policies.index) == list(expected), what


def test_change_indexes_one_policy(monkeypatch: pytest.MonkeyPatch) -> None:
    policies = IndexedPolicies(SHIPPED)
    policies.update({f"p{number}": _policy(f"p{number}") for number in range(100)}, ())
    compiled: list[str] = []

    def counted(policy: Policy) -> match.Clauses:
        compiled.append(policy.name)
        return match.clauses_of(policy)

    monkeypatch.setattr("webhook.engine.index.clauses_of", counted)
    before = policies.index
    policies.update({"p7": _policy("p7", priority=3)}, ())
    assert compiled == ["p7"]
    assert policies.index is not before, "reviews that run keep theirs"
    policies.update({"p7": _policy("p7", priority=3)}, ())
    assert compiled == ["p7"], "the same once more is no change"
