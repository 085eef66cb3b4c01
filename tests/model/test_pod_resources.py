"""Requests of containers, in sum, and of the Pod as a whole."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.support.pods import pod, policy, snapshot, tailored
from webhook.model.pod_resources import aggregate
from webhook.model.subject import ContainerKind

WHOLE = "resources: {requests: {cpu: 100m}, limits: {cpu: '1', memory: 128Mi}}"


SIZES = policy("resources: {limits: [{type: Container, defaultRequest: {cpu: 50m, memory: 256Mi}}]}")


@pytest.mark.parametrize(
    ("minor", "requests"),
    [
        pytest.param(None, None, id="leaves a Pod sized as a whole where the version is not known"),
        pytest.param(34, None, id="leaves a Pod sized as a whole from 1.34 on"),
        pytest.param(33, {"cpu": "50m", "memory": "128Mi"}, id="changes what an older API server leaves unsized, within what the Pod says"),
    ],
)  # fmt: skip
def test_pod_level_resources_by_version(minor: int | None, requests: dict[str, str] | None) -> None:
    within = structs.replace(snapshot(SIZES), kubernetes=minor)
    after = tailored(pod(WHOLE), within=within)["spec"]["containers"][0]
    assert (after.get("resources") or {}).get("requests") == requests


def test_sums_stay_within_what_an_older_pod_says_of_itself() -> None:
    """Somebody may have turned the gate on: a Pod that asks for less than its containers is refused."""
    within = structs.replace(snapshot(SIZES), kubernetes=33)
    containers = "containers: [{name: a}, {name: b}, {name: c}]"
    after = tailored(pod(f"{containers}\n{WHOLE}"), within=within)["spec"]["containers"]
    assert all("cpu" not in (each.get("resources") or {}).get("requests", {}) for each in after)


REGULAR, SIDECAR, INIT = ContainerKind.REGULAR, ContainerKind.SIDECAR, ContainerKind.INIT


@pytest.mark.parametrize(
    ("amounts", "needed"),
    [
        pytest.param([], 0, id="no containers"),
        pytest.param([(REGULAR, 2), (REGULAR, 3)], 5, id="containers run together"),
        pytest.param([(REGULAR, 2), (INIT, 9), (INIT, 7)], 9, id="init containers run one at a time"),
        pytest.param([(REGULAR, 2), (SIDECAR, 1)], 3, id="a sidecar runs beside containers"),
        pytest.param([(REGULAR, 2), (SIDECAR, 1), (INIT, 9)], 10, id="and beside init containers after it"),
        pytest.param([(REGULAR, 2), (INIT, 9), (SIDECAR, 1)], 9, id="not beside those before it"),
    ],
)
def test_aggregate(amounts: list[tuple[ContainerKind, int]], needed: int) -> None:
    assert aggregate(amounts) == needed
