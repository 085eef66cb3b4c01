"""Sizes and commands as they are printed: what is printed can be typed."""

from __future__ import annotations

import pytest

from tests.resize.pods import SIZED, named, planned, running
from webhook.resize.sizes import parse_size
from webhook.resize.words import commands, size
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


def test_one_command_if_all_get_the_same() -> None:
    pods = planned(named("a", "one"), named("b", "two"), cpu="+100%", memory=":512Mi").pods
    assert commands(_WEB, pods) == [
        f"podtailor resize deployment/web {_FLAGS} --cpu=200m --memory=:512Mi --apply"
    ]
    assert commands(_WEB, pods, back=True) == [
        f"podtailor resize deployment/web {_FLAGS} --cpu=100m --memory=:256Mi --margin=0 --apply"
    ]


def test_a_command_a_pod_otherwise() -> None:
    pods = planned(named("a"), named("b", container=SIZED.replace("100m", "50m")), cpu="+100%").pods
    assert commands(_WEB, pods) == [
        f"podtailor resize pod/a {_FLAGS} --cpu=200m --apply",
        f"podtailor resize pod/b {_FLAGS} --cpu=100m --apply",
    ]


def test_a_pod_that_had_its_values_before_does_not_go_back() -> None:
    pods = planned(named("a"), named("b", container=SIZED.replace("100m", "200m")), cpu="200m").pods
    assert commands(_WEB, pods) == [f"podtailor resize deployment/web {_FLAGS} --cpu=200m --apply"]
    assert commands(_WEB, pods, back=True) == [
        f"podtailor resize pod/a {_FLAGS} --cpu=100m --margin=0 --apply"
    ]


def test_no_way_back_for_what_was_added() -> None:
    pods = planned(named("a", container="resources: {requests: {memory: 1Gi}}"), cpu="1").pods
    assert commands(_WEB, pods, back=True) == []


def test_no_command_without_a_change() -> None:
    assert commands(_WEB, planned(named("a"), cpu="100m").pods) == []
