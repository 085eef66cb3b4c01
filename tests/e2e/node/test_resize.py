"""What docs/resize.md says of resizePolicy, seen in the cgroup of the container."""

from __future__ import annotations

import pytest

from tests.e2e.controlplane.build import minor
from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.e2e.node.pods import Pods, condition, container
from tests.support.pods import Json
from tests.support.processes import eventually

_SIZED = "resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 300m, memory: 128Mi}}"
_FILES = ("cpu.weight", "cpu.max", "memory.max")
_AS_CREATED = ["17", "30000 100000", str(128 * 2**20)]
_CPU = {"requests": {"cpu": "200m"}, "limits": {"cpu": "500m"}}
_MEMORY = {"requests": {"memory": "96Mi"}, "limits": {"memory": "256Mi"}}
_HUGE = {"requests": {"cpu": "64"}, "limits": {"cpu": "64"}}
_PENDING = "PodResizePending"
_LESS_MEMORY = {"requests": {"memory": "48Mi"}, "limits": {"memory": "96Mi"}}


@pytest.fixture(scope="module")
def webhook_flags() -> list[str]:
    return ["--preset=jvm"]


def _policies(pod: Json) -> dict[str, str]:
    (app,) = pod["spec"]["containers"]
    return {each["resourceName"]: each["restartPolicy"] for each in app["resizePolicy"]}


def _resized(pods: Pods, name: str, resources: Json, cgroup: list[str], *, restarts: int) -> None:
    before = container(pods.get(name))
    pod, seconds = pods.resize(name, resources)

    def has_it() -> bool:
        try:
            return pods.cgroup(name, *_FILES) == cgroup
        except KubectlError:  # after a restart, or on a busy machine, there may be no container to look into
            return False

    eventually("the cgroup has it", has_it)
    after = container(pod)
    print(f"\n{name}: {resources} after {seconds:.1f} s, {restarts} restarts, cgroup {cgroup}", end="")
    assert after["restartCount"] - before["restartCount"] == restarts
    assert (after["containerID"] != before["containerID"]) == bool(restarts)


def test_not_required_changes_the_running_container(pods: Pods) -> None:
    pod = pods.run(pods.manifest("web", container=_SIZED))
    assert _policies(pod) == {"cpu": "NotRequired", "memory": "NotRequired"}
    assert pods.cgroup("web", *_FILES) == _AS_CREATED
    _resized(pods, "web", _CPU, ["29", "50000 100000", str(128 * 2**20)], restarts=0)
    _resized(pods, "web", _MEMORY, ["29", "50000 100000", str(256 * 2**20)], restarts=0)


def test_a_memory_limit_can_be_decreased_from_1_34_on(cluster: ControlPlane, pods: Pods) -> None:
    pods.run(pods.manifest("less", container=_SIZED))
    if minor(cluster.version) < 34:
        with pytest.raises(KubectlError, match="memory limits cannot be decreased unless resizePolicy is"):
            pods.request_resize("less", _LESS_MEMORY)
        assert pods.cgroup("less", *_FILES) == _AS_CREATED
        return
    _resized(pods, "less", _LESS_MEMORY, ["17", "30000 100000", str(96 * 2**20)], restarts=0)


def test_restart_container_restarts_for_memory_alone(pods: Pods) -> None:
    pod = pods.run(pods.manifest("jvm", labels="{podtailor.dev/preset: jvm}", container=_SIZED))
    assert _policies(pod) == {"cpu": "NotRequired", "memory": "RestartContainer"}
    assert pods.cgroup("jvm", *_FILES) == _AS_CREATED
    _resized(pods, "jvm", _CPU, ["29", "50000 100000", str(128 * 2**20)], restarts=0)
    _resized(pods, "jvm", _MEMORY, ["29", "50000 100000", str(256 * 2**20)], restarts=1)


def test_one_such_entry_is_enough(pods: Pods) -> None:
    """Whatever else is resized too."""
    pods.run(pods.manifest("both", labels="{podtailor.dev/preset: jvm}", container=_SIZED))
    both = {kind: {**_CPU[kind], **_MEMORY[kind]} for kind in _CPU}
    _resized(pods, "both", both, ["29", "50000 100000", str(256 * 2**20)], restarts=1)


def test_more_than_the_node_has_changes_nothing(cluster: ControlPlane, pods: Pods) -> None:
    """From 1.36 on the API server refuses it; before, it stays wanted and pending until it is taken back."""
    pods.run(pods.manifest("huge", container=_SIZED))
    if minor(cluster.version) >= 36:
        with pytest.raises(KubectlError, match="node didn't have enough allocatable resources: cpu"):
            pods.request_resize("huge", _HUGE)
    else:
        pods.request_resize("huge", _HUGE)
        pod = pods.wait("huge", "is pending", lambda pod: condition(pod, _PENDING))
        print(f"\n{condition(pod, _PENDING)}", end="")
        pods.resize("huge", {"requests": {"cpu": "100m"}, "limits": {"cpu": "300m"}})
    assert pods.cgroup("huge", *_FILES) == _AS_CREATED
    assert container(pods.get("huge"))["restartCount"] == 0


def test_another_qos_class_is_refused(pods: Pods) -> None:
    pods.run(pods.manifest("burstable", container=_SIZED))
    with pytest.raises(KubectlError, match="Pod QOS Class may not change as a result of resizing"):
        pods.request_resize("burstable", {"requests": {"cpu": "300m", "memory": "128Mi"}})
    assert pods.cgroup("burstable", *_FILES) == _AS_CREATED
