"""Which policy decides about margins."""

from __future__ import annotations

from webhook.model.images import image_glob
from webhook.model.policy import Origin, Policy, ResourceDefaults, Scope, Sizing
from webhook.model.quantity import of_milli
from webhook.recommend.rules import Rules, rules_for

IMAGE = "docker.io/library/redis"


def _policy(name: str, recommend: Sizing | None, factor: int = 0, image: str = "") -> Policy:
    return Policy(
        name=name,
        origin=Origin.CLUSTER_WORKLOAD_POLICY,
        containers=Scope(images=(image_glob(image),) if image else None),
        recommend=recommend,
        resources=ResourceDefaults(limit_factor={"memory": of_milli(factor)}) if factor else None,
    )


def test_without_policies_the_defaults_stay() -> None:
    defaults = Rules(cpu_margin=1300)
    assert rules_for(defaults, (), "app", IMAGE) == defaults
    assert rules_for(defaults, [_policy("a", None)], "app", IMAGE) == defaults


def test_the_first_policy_that_sets_a_value_decides_it() -> None:
    first = _policy("first", Sizing(cpu_quantile=990), 2000)
    second = _policy("second", Sizing(cpu_quantile=500, memory_margin=1300), 4000)
    rules = rules_for(Rules(), [first, second], "app", IMAGE)
    assert rules == Rules(cpu_quantile=990, memory_margin=1300, limit_factor={"memory": 2000})


def test_policies_for_other_containers_say_nothing() -> None:
    assert rules_for(Rules(), [_policy("a", Sizing(cpu_margin=2000), image="mongo")], "app", IMAGE) == Rules()
    assert rules_for(Rules(), [_policy("a", Sizing(cpu_margin=2000), image="redis")], "app", IMAGE) != Rules()
