"""Owners from templates and from live Pods."""

from __future__ import annotations

from typing import Any

import msgspec

from tests.recommend.weeks import AT, measured, size, week
from tests.support.pods import Json, pod, policy, yaml
from webhook.engine.snapshot import Snapshot, snapshot_of
from webhook.model.names import WorkloadType
from webhook.model.subject import ContainerKind
from webhook.recommend.owner import Size
from webhook.recommend.rules import Rules
from webhook.recommend.states import Found, found, with_limits
from webhook.resize.pod import Pod, Spec
from webhook.workloads.builtin_plugins import Defaults, Plugins
from webhook.workloads.templates import manifests_of
from webhook.workloads.workload import Ref, template_of

SPEC = """
containers:
- {name: app, image: eclipse-temurin:21, resources: {requests: {cpu: 1}, limits: {memory: 2Gi, nvidia.com/gpu: 2}}}
initContainers:
- {name: setup, image: setup}
- {name: log, image: redis, restartPolicy: Always}
"""


def of(
    spec: Any, *pods: Json, kind: str = "Deployment", snapshot: Snapshot | None = None, **plugins: Any
) -> Found:
    obj = {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 3, "template": {"spec": spec}},
    }
    (manifest,) = manifests_of(obj)
    workload = template_of(obj, manifest, Ref(kind, "shop", "web"), Plugins(**plugins))
    live = [msgspec.convert(each, Pod) for each in pods]
    return found(workload, msgspec.convert(spec, Spec), live, snapshot or snapshot_of([]))


def test_a_template_says_how_its_pods_would_be() -> None:
    state = of(yaml(SPEC)).state
    app, setup, log = state.containers
    assert app.sizes == {"cpu": size("1"), "memory": size("2Gi", "2Gi")}
    assert (app.runtime, app.devices, app.kind) == ("a process on a GPU", 2, ContainerKind.REGULAR)
    assert (setup.kind, setup.sizes["cpu"]) == (ContainerKind.INIT, Size())
    assert (log.kind, log.runtime) == (ContainerKind.SIDECAR, "a cache")
    assert (state.pods, state.most_pods, state.types) == (3, 3, (WorkloadType.GPU,))


def test_limit_ranges_size_what_the_template_leaves_open() -> None:
    spec = yaml("containers: [{name: app, image: web}]")
    state = of(spec, defaults={"shop": [Defaults("shop", requests={"cpu": "100m"})]}).state
    assert state.containers[0].size("cpu") == size("100m")


def test_live_pods_decide_and_bring_what_was_injected() -> None:
    spec = yaml("containers: [{name: app, image: web, resources: {requests: {cpu: 1}}}]")
    usual, resized = (
        pod(f"containers: [{{name: app, image: web, resources: {{requests: {{cpu: {cpu}}}}}}}, {{name: proxy, image: p}}]")
        for cpu in (2, 3)
    )  # fmt: skip
    state = of(spec, usual, resized, usual).state
    app, proxy = state.containers
    assert app.size("cpu") == size("2")
    assert (app.is_in_template, proxy.is_in_template) == (True, False)
    assert state.pods == 3


def test_stateful_sets_are_stateful() -> None:
    assert of(yaml("containers: [{name: app, image: db}]"), kind="StatefulSet").state.types == (
        WorkloadType.STATEFUL,
    )


def test_policies_that_match_decide_about_margins() -> None:
    policies = [
        policy("match: {images: [web]}\nrecommend: {cpuMargin: '2'}", name="a"),
        policy("match: {images: [other]}\nrecommend: {cpuMargin: '3'}", name="b"),
        policy("containers: {images: [other]}\nrecommend: {memoryMargin: '3'}", name="c"),
    ]
    made = of(yaml("containers: [{name: app, image: web}]"), snapshot=snapshot_of(policies))
    assert made.rules(Rules())(made.state.containers[0]) == Rules(cpu_margin=2000)


def test_live_pods_say_with_which_limits_they_were_measured() -> None:
    live = pod(
        "containers: [{name: app, image: web, resources: {limits: {cpu: 1, memory: 1Gi}}}]",
        metadata="name: web-a",
    )
    usage = week(measured(cpu_limit=7), measured())
    first, second = with_limits(usage, [msgspec.convert(live, Pod)]).containers.values()
    assert (first.cpu_limit, first.memory_limit) == (7, 2**30 * 1000)
    assert (second.cpu_limit, second.memory_limit) == (None, None)
    (killed,) = with_limits(
        week(measured(oom_killed_at=AT)), [msgspec.convert(live, Pod)]
    ).containers.values()
    assert (killed.cpu_limit, killed.memory_limit) == (1000, None)
