"""The safety rules of docs/resize.md: what a rule leaves as it is asked for, and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs

from tests.resize.pods import EQUAL, MI, NODE, RESTARTS, SIZED, facts, planned, running, using
from webhook.resize.facts import Allowed, Facts, Node, PodUsage, with_in_use
from webhook.resize.plan import PodPlan
from webhook.resize.pod import Pod, Resources
from webhook.resize.rules import counted_requests
from webhook.usage.measured import ContainerOfPod, ContainerUsage

_BURSTABLE = "resources: {requests: {memory: 128Mi}}"
_SIDECAR = "initContainers: [{name: proxy, image: p, restartPolicy: Always, resources: {requests: {cpu: 1}}}]"
_INIT = "initContainers: [{name: setup, image: s, resources: {requests: {cpu: 1}}}]"
_POD_LEVEL = "resources: {requests: {cpu: '1'}}"
_CLAIMS = "resources: {requests: {cpu: 100m}, claims: [{name: gpu}]}"
_JVM = f"image: eclipse-temurin:21\n{SIZED}"
_OOM_LOOP = "{restartCount: 5, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {reason: OOMKilled}}}"


def _planned(
    pod: Pod, asked: dict[str, str], about: dict[str, Any] | None = None, allowed: Allowed | None = None
) -> PodPlan:
    (only,) = planned(pod, **asked, facts=facts(**about or {}), allowed=allowed or Allowed()).pods
    return only


def _older(kubernetes: int | None = 37, kubelet: int | None = 37) -> dict[str, Any]:
    return {"kubernetes": kubernetes, "nodes": {"a": structs.replace(NODE, kubelet=kubelet)}}


def _full(cpu: int = 4000, memory: int = 8192) -> dict[str, Any]:
    """A Node of 4 CPUs and 8 GiB, of which so much is requested."""
    return {"nodes": {"a": structs.replace(NODE, requested={"cpu": cpu, "memory": memory * MI})}}


@pytest.mark.parametrize(
    ("pod", "asked", "about", "allowed"),
    [
        pytest.param(running(), {"cpu": "200m:400m", "memory": "256Mi:512Mi"}, {}, None, id="leaves a raise"),
        pytest.param(running(), {"cpu": "50m:200m"}, {}, None, id="leaves less CPU"),
        pytest.param(running(), {"cpu": "0"}, {}, None, id="leaves a request for no CPU"),
        pytest.param(running(), {"memory": "64Mi"}, {}, None, id="leaves a smaller request for memory"),
        pytest.param(running(), {"memory": ":200Mi"}, {}, None, id="leaves less memory than it has, and more than in use"),
        pytest.param(running(container=EQUAL), {"cpu": "200m:="}, {}, None, id="leaves Guaranteed that stays so"),
        pytest.param(running(container=_BURSTABLE), {"cpu": "1"}, {}, None, id="leaves a request that is new"),
        pytest.param(running(_SIDECAR), {"cpu": "2", "container": "proxy"}, _older(33, 33), None, id="leaves a sidecar of 1.33"),
        pytest.param(running(_INIT), {"cpu": "2", "container": "setup"}, _older(36, 36), None, id="leaves an init container of 1.36"),
        pytest.param(running(_POD_LEVEL), {"cpu": "200m"}, _older(36, 36), None, id="leaves Pod-level resources of 1.36"),
        pytest.param(running(container=_CLAIMS), {"cpu": "200m"}, {}, None, id="leaves claims of 1.37"),
        pytest.param(running(), {"memory": ":200Mi"}, _older(34, 34), None, id="leaves less memory of 1.34"),
        pytest.param(running(), {"memory": ":512Mi"}, _older(33, 33), None, id="leaves more memory of 1.33"),
        pytest.param(running(), {"cpu": "200m"}, _older(None, 33), None, id="leaves an API server that does not say its version"),
        pytest.param(running(), {"cpu": "200m"}, {"nodes": {}}, None, id="leaves a Node that may not be read"),
        pytest.param(running(container=f"{SIZED}\n{RESTARTS}"), {"cpu": "200m"}, {}, None, id="leaves CPU where only memory restarts"),
        pytest.param(running(container=f"{SIZED}\n{RESTARTS}"), {"memory": "200Mi"}, {}, Allowed(restart=True), id="leaves a restart that is allowed"),
        pytest.param(
            running(container=f"{SIZED}\n{RESTARTS}"), {"memory": ":200Mi"}, _older(33, 33), Allowed(restart=True),
            id="leaves less memory of 1.33 with a restart",
        ),
        pytest.param(running(), {"memory": ":156Mi"}, {"usage": using(130)}, None, id="leaves a limit of 1.2 x usage"),
        pytest.param(running(), {"memory": "64Mi:100Mi"}, {"usage": using(100)}, Allowed(margin_milli=1000), id="leaves a limit of usage if the margin is 1"),
        pytest.param(running(), {"memory": ":512Mi"}, {"usage": {}}, None, id="leaves more memory whatever is in use"),
        pytest.param(running(container=_JVM), {"memory": ":200Mi"}, {}, Allowed(restart=True), id="leaves less memory of a JVM if it is allowed"),
        pytest.param(running(container=_JVM), {"cpu": "200m", "memory": "64Mi"}, {}, None, id="leaves requests of a JVM"),
        pytest.param(running(), {"cpu": "200m"}, _full(cpu=3900), None, id="leaves the last of a Node's room"),
        pytest.param(running(), {"cpu": "50m"}, _full(cpu=9000), None, id="leaves less on a Node that is over-full"),
        pytest.param(running(), {"cpu": ":2"}, _full(), None, id="leaves a limit on a full Node"),
        pytest.param(running(), {"cpu": "200m"}, _full(), Allowed(waiting=True), id="leaves a full Node if it may wait"),
    ],
)  # fmt: skip
def test_leaves(pod: Pod, asked: dict[str, str], about: dict[str, Any], allowed: Allowed | None) -> None:
    only = _planned(pod, asked, about, allowed)
    assert only.refusals == ()
    assert only.is_due


@pytest.mark.parametrize(
    ("pod", "asked", "about", "expected"),
    [
        pytest.param(
            running(metadata="{name: p, deletionTimestamp: '2026-01-01T00:00:00Z'}"), {"cpu": "200m"}, {},
            "not-resizable: it is being deleted", id="refuses a Pod that is being deleted",
        ),
        pytest.param(
            running(metadata="{name: p, annotations: {kubernetes.io/config.mirror: x}}"), {"cpu": "200m"}, {},
            "not-resizable: it is a static Pod: change its file on the Node", id="refuses a static Pod",
        ),
        pytest.param(
            running("os: {name: windows}"), {"cpu": "200m"}, {},
            "not-resizable: Windows containers cannot be resized", id="refuses Windows",
        ),
        pytest.param(
            running(), {"cpu": "200m"}, _older(None, None),
            "unknown-version: neither the API server nor its Node says which Kubernetes this is",
            id="refuses what may be any version",
        ),
        pytest.param(
            running(), {"cpu": "200m"}, _older(37, 32),
            "needs-newer-kubernetes: a resize of running Pods needs 1.33, and this is 1.32",
            id="refuses a kubelet of 1.32",
        ),
        pytest.param(
            running(), {"cpu": "200m"}, _older(32, None),
            "needs-newer-kubernetes: a resize of running Pods needs 1.33, and this is 1.32",
            id="refuses an API server of 1.32",
        ),
        pytest.param(
            running(_POD_LEVEL), {"cpu": "200m"}, _older(36, 35),
            "needs-newer-kubernetes: a resize of Pods with Pod-level resources needs 1.36, and this is 1.35",
            id="refuses Pod-level resources of 1.35",
        ),
        pytest.param(
            running(_INIT), {"cpu": "2", "container": "setup"}, _older(35, 35),
            "needs-newer-kubernetes: a resize of the init container setup needs 1.36, and this is 1.35",
            id="refuses an init container of 1.35",
        ),
        pytest.param(
            running(container=_CLAIMS), {"cpu": "200m"}, _older(36, 36),
            "needs-newer-kubernetes: a resize of app, which has resource claims, needs 1.37, and this is 1.36",
            id="refuses claims of 1.36",
        ),
        pytest.param(
            running(), {"memory": ":200Mi"}, _older(37, 33),
            "needs-newer-kubernetes: a lower memory limit without a restart needs 1.34, and this is 1.33",
            id="refuses less memory of a kubelet of 1.33",
        ),
        pytest.param(
            running(container=_BURSTABLE), {"memory": ":512Mi"}, _older(33, 33),
            "needs-newer-kubernetes: a new memory limit without a restart needs 1.34, and this is 1.33",
            id="refuses a new memory limit of 1.33",
        ),
        pytest.param(
            running(container="{}"), {"cpu": "1"}, {},
            "qos-class: it is BestEffort, and a resize cannot make it anything else", id="refuses BestEffort",
        ),
        pytest.param(
            running(container=EQUAL), {"cpu": ":200m"}, {},
            "qos-class: it would become Burstable, and a resize must keep it Guaranteed: requests and limits must stay equal, as by REQUEST:=",
            id="refuses Guaranteed that would be Burstable",
        ),
        pytest.param(
            running(), {"cpu": "300m", "memory": "256Mi"}, {},
            "qos-class: it would become Guaranteed, and a resize must keep it Burstable",
            id="refuses Burstable that would be Guaranteed",
        ),
        pytest.param(
            running(), {"cpu": "1"}, {},
            "request-above-limit: app: a cpu request of 1 is above the limit of 300m: change both, as REQUEST:LIMIT, or as REQUEST:= if they are equal",
            id="refuses a request above the limit that it has",
        ),
        pytest.param(
            running(), {"memory": ":64Mi"}, {},
            "request-above-limit: app: a memory request of 128Mi is above the limit of 64Mi: change both, as REQUEST:LIMIT, or as REQUEST:= if they are equal",
            id="refuses a limit below the request that it has",
        ),
        pytest.param(
            running(container=f"{SIZED}\n{RESTARTS}"), {"memory": "200Mi"}, {},
            "would-restart: its resizePolicy restarts app: --allow-restart permits that",
            id="refuses a restart, also for a request",
        ),
        pytest.param(
            running(), {"memory": ":200Mi"}, {"usage": {}},
            "unknown-usage: app: what it uses now is not known, and a memory limit of 200Mi may be below it",
            id="refuses less memory if usage is unknown",
        ),
        pytest.param(
            running(), {"memory": ":200Mi"}, {"usage": using(167)},
            "below-usage: app: 200Mi is below 1.2 x 167Mi, its memory with page cache",
            id="refuses less memory than 1.2 x usage",
        ),
        pytest.param(
            running(), {"memory": ":200Mi"}, {"usage": using(167, has_cache=False)},
            "below-usage: app: 200Mi is below 1.2 x 167Mi, its memory", id="refuses that without page cache too",
        ),
        pytest.param(
            running(container=_BURSTABLE), {"memory": ":200Mi"}, {"usage": using(180)},
            "below-usage: app: 200Mi is below 1.2 x 180Mi, its memory with page cache",
            id="refuses a new limit below 1.2 x usage",
        ),
        pytest.param(
            running(container=_JVM), {"memory": ":200Mi"}, {},
            "sized-at-start: app: the JVM decides at its start how much memory it uses, so with less it may be killed: "
            "--allow-restart permits that",
            id="refuses less memory of a JVM",
        ),
        pytest.param(
            running(), {"cpu": "250m"}, _full(cpu=3900),
            "node-full: its Node has 100m of cpu left and this needs 150m more; a resize that waits keeps other Pods "
            "off the Node: --on-deferred wait permits that",
            id="refuses more CPU than its Node has",
        ),
        pytest.param(
            running(), {"memory": "256Mi"}, _full(memory=9000),
            "node-full: its Node has 0 of memory left and this needs 128Mi more; a resize that waits keeps other Pods "
            "off the Node: --on-deferred wait permits that",
            id="refuses more memory on a Node that is over-full",
        ),
        pytest.param(
            running(), {"cpu": "4001m:=", "memory": "64Mi"}, _full(),
            "node-too-small: its Node has 4 of cpu in all and this needs 4001m: it never fits",
            id="refuses more CPU than its Node has in all",
        ),
    ],
)  # fmt: skip
def test_refuses(pod: Pod, asked: dict[str, str], about: dict[str, Any], expected: str) -> None:
    only = _planned(pod, asked, about)
    assert [str(each) for each in only.refusals] == [expected]
    assert not only.is_due


@pytest.mark.parametrize("resource", ["cpu", "memory"])
def test_a_limit_of_nothing_is_refused(resource: str) -> None:
    only = _planned(running(), {resource: "0:0"}, allowed=Allowed(margin_milli=0))
    assert [each.reason for each in only.refusals] == ["limit-of-nothing"]
    assert not only.is_due


def test_waiting_for_more_than_the_node_has_in_all_is_refused() -> None:
    only = _planned(running(), {"cpu": "4001m:="}, _full(), Allowed(waiting=True))
    assert [each.reason for each in only.refusals] == ["node-too-small"]
    assert not _planned(running(), {"cpu": "4000m:="}, _full(), Allowed(waiting=True)).refusals


def test_refusals_come_all_at_once() -> None:
    """So that one does not come to light after the other."""
    allowed = Allowed(margin_milli=1500)
    jvm = running(container=_JVM)
    only = _planned(jvm, {"cpu": "250m", "memory": ":200Mi"}, {"usage": using(180), **_full()}, allowed)
    assert [each.reason for each in only.refusals] == ["below-usage", "sized-at-start", "node-full"]


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        pytest.param(running(), {"cpu": 100, "memory": 128 * MI}, id="counts requests"),
        pytest.param(running(_SIDECAR), {"cpu": 1100, "memory": 128 * MI}, id="adds sidecars"),
        pytest.param(running(_INIT), {"cpu": 1000, "memory": 128 * MI}, id="counts the larger of init and regular"),
        pytest.param(running("overhead: {cpu: 20m}"), {"cpu": 120, "memory": 128 * MI}, id="adds overhead"),
        pytest.param(running(_POD_LEVEL), {"cpu": 1000, "memory": 128 * MI}, id="counts Pod-level requests instead"),
        pytest.param(running(app="allocatedResources: {cpu: 700m}"), {"cpu": 700, "memory": 128 * MI}, id="counts what is allocated if it is more"),
        pytest.param(running(app="allocatedResources: {cpu: 50m}"), {"cpu": 100, "memory": 128 * MI}, id="counts what is asked for if it is more"),
    ],
)  # fmt: skip
def test_counted_requests(pod: Pod, expected: dict[str, int]) -> None:
    assert counted_requests(pod) == expected


def test_room_of_a_node_whose_pods_may_not_be_listed_is_unknown() -> None:
    about = Facts(kubernetes=37, nodes={"a": Node(kubelet=37)})
    assert planned(running(container=_BURSTABLE), cpu="1000", facts=about).pods[0].is_due


def test_usage_of_a_prometheus_api_counts_where_it_is_more() -> None:
    """The kubelet says 10 MiB now, and the most of a week was more."""
    in_use = {
        ContainerOfPod("p", "app"): ContainerUsage(cpu=500, memory=90 * MI),
        ContainerOfPod("q", "app"): ContainerUsage(cpu=500, memory=90 * MI),
    }
    usage = with_in_use(facts(usage=using(10, has_cache=False)), in_use).usage
    assert usage == {
        "p": PodUsage(containers={"app": ContainerUsage(memory=90 * MI, cpu=1)}, has_cache=True),
        "q": PodUsage(containers={"app": ContainerUsage(memory=90 * MI, cpu=500)}, has_cache=True),
    }
    assert with_in_use(facts(usage=using(200)), in_use).usage["p"] == using(200)["p"]


def test_other_resources_are_no_values_of_a_resize() -> None:
    resources = Resources(requests={"nvidia.com/gpu": "1", "ephemeral-storage": "1Gi", "cpu": "1"})
    assert [str(field) for field, _ in resources.values("app")] == ["app: requests.cpu"]
