"""What docs/resize.md says of resizePolicy, seen in the cgroup of the container."""

from __future__ import annotations

import pytest

from tests.e2e.node.pods import Pods, container
from tests.support.pods import Json
from tests.support.processes import eventually

_SIZED = "resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: 300m, memory: 128Mi}}"
_FILES = ("cpu.weight", "cpu.max", "memory.max")
_AS_CREATED = ["17", "30000 100000", str(128 * 2**20)]
_CPU = {"requests": {"cpu": "200m"}, "limits": {"cpu": "500m"}}
_MEMORY = {"requests": {"memory": "96Mi"}, "limits": {"memory": "256Mi"}}
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
    # The first reading after a restart may find no container to look into.
    eventually("the cgroup has it", lambda: pods.cgroup(name, *_FILES) == cgroup)
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


def test_a_memory_limit_can_be_decreased(pods: Pods) -> None:
    """From 1.34 on."""
    pods.run(pods.manifest("less", container=_SIZED))
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
