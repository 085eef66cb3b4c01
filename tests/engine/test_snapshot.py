"""The Pod as an API server of a given version stores it, in its namespace."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.support.pods import pod, policy, snapshot, tailored
from webhook.engine.evaluate import evaluate
from webhook.engine.snapshot import Request
from webhook.model.pod import pod_view

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


def test_unknown_namespace_is_unlabelled() -> None:
    assert evaluate(Request("new", pod_view(pod())), snapshot(SIZES)).patch
