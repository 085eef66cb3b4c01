"""resizePolicy: docs/resize.md, KEP-1287."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.support.pods import Json, decide, pod, policy, snapshot, tailored
from webhook.model.draft import Reason

BOTH = policy("resizePolicy: {cpu: NotRequired, memory: RestartContainer}")
GPU = policy(
    "resizePolicy: {cpu: NotRequired, memory: NotRequired}\n"
    "accelerators: {resizePolicy: {memory: RestartContainer}}"
)

CPU = {"resourceName": "cpu", "restartPolicy": "NotRequired"}
MEMORY = {"resourceName": "memory", "restartPolicy": "RestartContainer"}
MEMORY_STAYS = {"resourceName": "memory", "restartPolicy": "NotRequired"}


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(
            pod(
                container="resizePolicy: [{resourceName: memory, restartPolicy: NotRequired},"
                " {resourceName: cpu, restartPolicy: RestartContainer}]"
            ),
            id="leaves entries that are there",
        ),
        pytest.param(
            pod(metadata="annotations: {podtailor.dev/skip-containers: app}"),
            id="leaves containers that the Pod names in skip-containers",
        ),
    ],
)
def test_leaves(before: Json) -> None:
    assert tailored(before, BOTH) == before


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(pod(), [CPU, MEMORY], id="changes a container without any entry"),
        pytest.param(pod(container="resizePolicy: []"), [CPU, MEMORY], id="changes an empty list"),
        pytest.param(pod(container="resizePolicy: null"), [CPU, MEMORY], id="changes a null list"),
        pytest.param(
            pod(container="resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]"),
            [{"resourceName": "cpu", "restartPolicy": "RestartContainer"}, MEMORY],
            id="changes by adding the missing entry behind the one that is there",
        ),
        pytest.param(
            pod("restartPolicy: OnFailure"), [CPU, MEMORY], id="changes a Pod that restarts on failure"
        ),
        pytest.param(
            pod("restartPolicy: Never"), [CPU], id="leaves RestartContainer out of a Pod that never restarts"
        ),
        pytest.param(
            pod(container="restartPolicy: Never"),
            [CPU],
            id="leaves RestartContainer out of a container that never restarts",
        ),
    ],
)
def test_changes(before: Json, expected: list[Json]) -> None:
    assert tailored(before, BOTH)["spec"]["containers"][0]["resizePolicy"] == expected


def test_leaves_out_rather_than_converts_what_a_later_policy_would_accept() -> None:
    later = policy("resizePolicy: {memory: NotRequired}", name="zz")
    after = tailored(pod("restartPolicy: Never"), BOTH, later)
    assert after["spec"]["containers"][0]["resizePolicy"] == [CPU]


def test_wish_that_is_left_out_is_no_conflict_with_an_earlier_one() -> None:
    earlier = policy("resizePolicy: {memory: NotRequired}", name="aa")
    outcome = decide(pod("restartPolicy: Never"), snapshot(earlier, BOTH)).outcome
    assert [(each.policy, each.reason) for each in outcome.skips] == [(BOTH, Reason.RESTART_POLICY_NEVER)]
    assert outcome.conflicts == ()


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        (pod("initContainers: [{name: i}]"), Reason.INIT_CONTAINER),
        (pod("initContainers: [{name: i, restartPolicy: Always}]", metadata="annotations: {podtailor.dev/skip-containers: i}"), Reason.SKIP_CONTAINERS),
    ],
)  # fmt: skip
def test_says_which_containers_it_leaves(before: Json, reason: Reason) -> None:
    skips = decide(before, snapshot(BOTH)).outcome.skips
    assert [(each.field, each.reason) for each in skips] == [("i:resizePolicy", reason)]


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        pytest.param("{name: i, restartPolicy: Always}", [CPU, MEMORY], id="changes sidecars"),
        pytest.param("{name: i}", None, id="leaves ordinary init containers"),
        pytest.param(
            "{name: i, restartPolicy: OnFailure}", None, id="leaves init containers that restart on failure"
        ),
    ],
)
def test_init_containers(container: str, expected: list[Json] | None) -> None:
    after = tailored(pod(f"initContainers: [{container}]"), BOTH)
    assert after["spec"]["initContainers"][0].get("resizePolicy") == expected


def test_leaves_ephemeral_containers() -> None:
    after = tailored(pod("ephemeralContainers: [{name: debug, image: busybox}]"), BOTH)
    assert after["spec"]["ephemeralContainers"] == [{"name": "debug", "image": "busybox"}]


def test_changes_containers_with_devices_as_the_policy_says_for_those() -> None:
    before = pod(container="resources: {limits: {nvidia.com/gpu: 1}}")
    before["spec"]["containers"].append({"name": "plain"})
    with_device, plain = tailored(before, GPU)["spec"]["containers"]
    assert with_device["resizePolicy"] == [CPU, MEMORY]
    assert plain["resizePolicy"] == [CPU, MEMORY_STAYS]


@pytest.mark.parametrize(("minor", "sets"), [(32, False), (33, True), (36, True), (None, True)])
def test_older_api_servers_take_no_resize_policy(minor: int | None, *, sets: bool) -> None:
    """Where the version is not known, the field is set: who does not know it drops it."""
    within = structs.replace(snapshot(BOTH), kubernetes=minor)
    decision = decide(pod(), within)
    assert bool(decision.patch) is sets
    reasons = {skip.reason for skip in decision.outcome.skips}
    assert reasons == (set() if sets else {Reason.OLD_KUBERNETES})
