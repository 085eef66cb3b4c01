"""Sizes and commands as they are printed: what is printed can be typed."""

from __future__ import annotations

import pytest

from tests.resize.pods import SIZED, facts, named, planned, running, sizes
from webhook.resize.facts import Allowed
from webhook.resize.plan import Plan
from webhook.resize.plan import plan as plan_of
from webhook.resize.settings import OnDeferred, OnInfeasible, Settings
from webhook.resize.sizes import parse_size
from webhook.resize.words import Given, commands, commands_back, size
from webhook.workloads.workload import Ref

_WEB = Ref("Deployment", "shop", "web")
_FLAGS = "-n shop -c app"


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        pytest.param(SIZED, "100m:300m", id="both"),
        pytest.param("resources: {requests: {cpu: 1}}", "1", id="a request"),
        pytest.param("resources: {limits: {cpu: 1}}", ":1", id="a limit"),
        pytest.param("{}", "", id="nothing"),
    ],
)
def test_size(container: str, expected: str) -> None:
    assert size("app", "cpu", running(container=container).values()) == expected
    if expected:
        parse_size(expected, "cpu")


def _back(plan: Plan, given: Given = Given(), *, pods: int = 9) -> list[str]:  # noqa: B008 (frozen)
    return commands_back(_WEB, plan, plan.pods[:pods], given)


def test_one_command_if_all_get_the_same() -> None:
    plan = planned(named("a", "one"), named("b", "two"), cpu="+100%", memory=":512Mi")
    sizes = "--cpu=200m --memory=:512Mi"
    assert commands(_WEB, plan, Given()) == [f"podtailor resize deployment/web {_FLAGS} {sizes} --apply"]
    sizes = "--cpu=100m --memory=:256Mi"
    assert _back(plan) == [f"podtailor resize deployment/web {_FLAGS} {sizes} --margin=0 --apply"]


def test_a_command_a_pod_otherwise() -> None:
    plan = planned(named("a"), named("b", container=SIZED.replace("100m", "50m")), cpu="+100%")
    assert commands(_WEB, plan, Given()) == [
        f"podtailor resize pod/a {_FLAGS} --cpu=200m --apply",
        f"podtailor resize pod/b {_FLAGS} --cpu=100m --apply",
    ]


def test_what_was_allowed_is_allowed_again() -> None:
    plan = planned(named("a"), cpu="200m")
    given = Given(allowed=Allowed(margin_milli=1500, restart=True, hpa=True, waiting=True))
    flags = "--allow-restart --with-hpa --on-deferred=wait"
    assert commands(_WEB, plan, given) == [
        f"podtailor resize deployment/web {_FLAGS} --cpu=200m {flags} --margin=1.5 --apply"
    ]
    assert _back(plan, given) == [
        f"podtailor resize deployment/web {_FLAGS} --cpu=100m {flags} --margin=0 --apply"
    ]


def test_what_was_set_is_set_again() -> None:
    settings = Settings(
        canary=2,
        batch_percent=50,
        settle=5,
        timeout=60.5,
        on_deferred=OnDeferred.REVERT,
        on_infeasible=OnInfeasible.KEEP,
    )
    given = Given(settings=settings, template=("--template=in-step",), cluster=("--context=it's prod",))
    flags = "--template=in-step --on-deferred=revert --on-infeasible=keep --canary=2 --batch=50 --settle=5 --timeout=60.5 '--context=it'\"'\"'s prod' --apply"
    assert commands(_WEB, planned(named("a"), cpu="200m"), given) == [
        f"podtailor resize deployment/web {_FLAGS} --cpu=200m {flags}"
    ]


def test_only_pods_that_got_new_values_go_back() -> None:
    plan = planned(named("a"), named("b", container=SIZED.replace("100m", "200m")), cpu="200m")
    assert commands(_WEB, plan, Given()) == [f"podtailor resize deployment/web {_FLAGS} --cpu=200m --apply"]
    assert _back(plan) == [f"podtailor resize pod/a {_FLAGS} --cpu=100m --margin=0 --apply"]
    plan = planned(named("a"), named("b"), cpu="200m")
    assert _back(plan, pods=1) == [f"podtailor resize pod/a {_FLAGS} --cpu=100m --margin=0 --apply"]
    assert _back(plan, pods=0) == []


def test_no_way_back_for_what_was_added() -> None:
    assert _back(planned(named("a", container="resources: {requests: {memory: 1Gi}}"), cpu="1")) == []


def test_what_was_asked_for_is_in_the_command_also_where_pods_have_it() -> None:
    """Pods with other values get the same, and so does the template."""
    pods = (named("a"), named("b", container=SIZED.replace("300m", "500m")))
    given = Given(template=("--template=in-step",))
    assert commands(_WEB, planned(*pods, cpu="200m:500m"), given) == [
        f"podtailor resize deployment/web {_FLAGS} --cpu=200m:500m --template=in-step --apply"
    ]
    assert commands(_WEB, planned(named("a"), cpu="100m"), Given()) == [
        f"podtailor resize deployment/web {_FLAGS} --cpu=100m --apply"
    ]
    assert commands(_WEB, planned(named("a"), container="other", cpu="1"), Given()) == []


def test_containers_that_get_the_same_are_in_one_command() -> None:
    both = running("containers: [{name: app, image: i}, {name: logs, image: i}]")
    plan = plan_of([both], {"app": sizes("1"), "logs": sizes("1")}, facts(), Allowed())
    assert commands(_WEB, plan, Given()) == [
        "podtailor resize deployment/web -n shop -c app -c logs --cpu=1 --apply"
    ]


def test_containers_that_get_different_sizes_are_in_one_command_too() -> None:
    """As one request gives a Pod its values: half of them may be against a LimitRange, a quota or its QoS class."""
    both = running("containers: [{name: app, image: i}, {name: logs, image: i}]")
    wanted = {"app": sizes("1", "1Gi"), "logs": sizes("2:3")}
    assert commands(_WEB, plan_of([both], wanted, facts(), Allowed()), Given()) == [
        "podtailor resize deployment/web -n shop --cpu app=1 --cpu logs=2:3 --memory app=1Gi --apply"
    ]


def test_pods_that_get_less_go_back_first() -> None:
    """A quota may have no room for the others before."""
    plan = planned(named("a", container=SIZED.replace("100m", "300m")), named("b"), cpu="200m")
    assert _back(plan) == [
        f"podtailor resize pod/b {_FLAGS} --cpu=100m --margin=0 --apply",
        f"podtailor resize pod/a {_FLAGS} --cpu=300m --margin=0 --apply",
    ]


def test_fraction_of_a_byte_is_rounded_up() -> None:
    """As kubelets do; it cannot be typed."""
    odd = named("a", container="resources: {requests: {memory: 1500m, cpu: 0}}")
    assert _back(planned(odd, cpu="1", memory="1Gi")) == [
        f"podtailor resize deployment/web {_FLAGS} --cpu=0 --memory=2 --margin=0 --apply"
    ]


def test_way_back_of_a_runtime_is_allowed_to_lower_its_memory() -> None:
    jvm = f"image: eclipse-temurin:21\n{SIZED}"
    flags = "--allow-restart --margin=0"
    assert _back(planned(named("a", container=jvm), memory=":512Mi")) == [
        f"podtailor resize deployment/web {_FLAGS} --memory=:256Mi {flags} --apply"
    ]
    assert "--allow-restart" not in _back(planned(named("a", container=jvm), cpu="200m"))[0]
