"""What stays open because a platform decides about it, or because its need cannot be known."""

from __future__ import annotations

import pytest

from tests.support.pods import Json, decide, owned, pod, policy, tailored
from webhook.engine.snapshot import snapshot_of
from webhook.model.draft import Reason
from webhook.policies.shipped import Profile, built_in

STRICT = snapshot_of(built_in(Profile.STRICT), annotate=False)
SAFE = snapshot_of(built_in(Profile.SAFE), annotate=False)
MOUNTS = "volumeMounts: [{name: shm, mountPath: /dev/shm}]"
TMPFS = "volumes: [{name: shm, emptyDir: {medium: Memory, sizeLimit: 4Gi}}]"


def limits(before: Json) -> set[str]:
    resources = tailored(before, within=STRICT)["spec"]["containers"][0].get("resources") or {}
    return set(resources.get("limits") or {})


@pytest.mark.parametrize(
    ("before", "given"),
    [
        pytest.param(pod(TMPFS, container=MOUNTS), {"cpu"}, id="leaves the memory limit of a container that mounts a volume in memory"),
        pytest.param(pod("resourceClaims: [{name: gpu}]", container="resources: {claims: [{name: gpu}]}"), set(), id="leaves the limits of a container with a resource claim"),
        pytest.param(pod(metadata="labels: {kubevirt.io: virt-launcher}"), set(), id="leaves the limits of a virtual machine"),
        pytest.param(pod(TMPFS), {"cpu", "memory"}, id="changes a container that mounts no volume in memory"),
        pytest.param(pod("volumes: [{name: shm, emptyDir: {}}]", container=MOUNTS), {"cpu", "memory"}, id="changes a container with a volume on disk"),
    ],
)  # fmt: skip
def test_limits_of_the_strict_profile(before: Json, given: set[str]) -> None:
    assert limits(before) == given


def test_says_which_limits_are_left() -> None:
    skips = decide(pod(TMPFS, container=MOUNTS), STRICT).outcome.skips
    assert ("app:limits.memory", Reason.NEED_UNKNOWN) in [(skip.field, skip.reason) for skip in skips]


def test_changes_limits_that_a_policy_of_the_cluster_asks_for() -> None:
    """As LimitRanger would: somebody asked for them."""
    own = policy("resources: {limits: [{type: Container, default: {memory: 512Mi}}]}")
    after = tailored(pod(TMPFS, container=MOUNTS), own)
    assert after["spec"]["containers"][0]["resources"]["limits"] == {"memory": "512Mi"}


STEPS = "containers: [{name: step-build}, {name: step-test}, {name: sidecar-log}]"


@pytest.mark.parametrize(
    ("before", "sized"),
    [
        pytest.param(pod(STEPS, metadata=owned("TaskRun")), ["sidecar-log"], id="leaves the steps of a TaskRun"),
        pytest.param(pod(STEPS, metadata=owned("Job")), ["step-build", "step-test", "sidecar-log"], id="changes containers of that name elsewhere"),
    ],
)  # fmt: skip
def test_steps_that_run_one_after_the_other(before: Json, sized: list[str]) -> None:
    containers = tailored(before, within=SAFE)["spec"]["containers"]
    assert [each["name"] for each in containers if "resources" in each] == sized
    assert all("resizePolicy" in each for each in containers)
