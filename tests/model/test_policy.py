"""The precedence of policies, and the containers in their scope."""

from __future__ import annotations

import random

import pytest

from webhook.model.globs import glob
from webhook.model.images import image_glob
from webhook.model.policy import Origin, Policy, Scope, precedence


def _policy(name: str, origin: Origin, namespace: str | None = None, priority: int = 0) -> Policy:
    return Policy(name=name, origin=origin, namespace=namespace, priority=priority)


IN_ORDER = [
    _policy("z", Origin.WORKLOAD_POLICY, "a", priority=9),
    _policy("a", Origin.WORKLOAD_POLICY, "a"),
    _policy("a", Origin.WORKLOAD_POLICY, "b"),
    _policy("b", Origin.WORKLOAD_POLICY, "a"),
    _policy("b", Origin.CLUSTER_WORKLOAD_POLICY, priority=1),
    _policy("a", Origin.CLUSTER_WORKLOAD_POLICY),
    _policy("jvm", Origin.PRESET),
    *(_policy(name, Origin.BUILT_IN) for name in ("gpu", "stateful", "arm64", "general")),
]


def test_precedence_is_by_origin_then_priority_then_name() -> None:
    shuffled = random.Random(1).sample(IN_ORDER, len(IN_ORDER))  # noqa: S311 (no secret)
    assert sorted(shuffled, key=precedence) == IN_ORDER


@pytest.mark.parametrize(
    ("scope", "covers"),
    [
        (Scope(), True),
        (Scope(names=(glob("w*"),)), True),
        (Scope(names=(glob("db"), glob("web"))), True),
        (Scope(names=()), False),
        (Scope(names=(glob("db"),)), False),
        (Scope(images=(image_glob("nginx"),)), True),
        (Scope(names=(glob("web"),), images=(image_glob("redis"),)), False),
    ],
)
def test_scope_covers(scope: Scope, covers: bool) -> None:
    assert scope.covers("web", "docker.io/library/nginx") is covers


def test_origins_in_words() -> None:
    words = ["WorkloadPolicy", "ClusterWorkloadPolicy", "preset", "built-in"]
    assert [str(each) for each in sorted(Origin)] == words
