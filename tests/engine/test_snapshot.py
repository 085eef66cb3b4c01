"""The Pod as an API server of a given version stores it, in its namespace."""

from __future__ import annotations

import pytest
from msgspec import structs

from tests.support.pods import decide, pod, policy, snapshot, tailored
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


GIB = "{cpu: '1', memory: 1Gi}"


@pytest.mark.parametrize(
    ("minor", "whole", "container", "expected"),
    [
        pytest.param(36, "{}", "{requests: {cpu: '1'}}", "BestEffort", id="an empty one decides before 1.37"),
        pytest.param(37, "{}", "{requests: {cpu: '1'}}", "Burstable", id="an empty one counts as unset from 1.37 on"),
        pytest.param(37, "{}", f"{{limits: {GIB}}}", "Guaranteed", id="as if there were none"),
        pytest.param(36, f"{{requests: {GIB}}}", f"{{limits: {GIB}}}", "Burstable", id="what is stored is what is reviewed before 1.37"),
        pytest.param(37, f"{{requests: {GIB}}}", f"{{limits: {GIB}}}", "Guaranteed", id="limits of all containers are the Pod's"),
        pytest.param(37, f"{{requests: {GIB}}}", "{limits: {cpu: '1'}}", "Burstable", id="of all containers only"),
        pytest.param(37, "{requests: {cpu: '1'}}", "{limits: {memory: 1Gi}}", "Burstable", id="of each resource"),
        pytest.param(37, "{requests: {cpu: '1'}}", f"{{limits: {GIB}}}", "Guaranteed", id="requests of containers are the Pod's"),
        pytest.param(37, f"{{limits: {GIB}}}", "{}", "Guaranteed", id="a limit is a request that is missing"),
        pytest.param(37, f"{{limits: {GIB}}}", "{requests: {cpu: 100m}}", "Burstable", id="unless containers request"),
        pytest.param(37, "{requests: {cpu: '2', memory: 1Gi}}", f"{{limits: {GIB}}}", "Guaranteed", id="a limit is no less than the request"),
    ],
)  # fmt: skip
def test_class_of_a_pod_sized_as_a_whole_by_version(
    minor: int, whole: str, container: str, expected: str
) -> None:
    within = structs.replace(snapshot(), kubernetes=minor)
    qos = decide(pod(f"resources: {whole}", container=f"resources: {container}"), within).outcome.qos
    assert (qos.before, qos.after) == (expected, expected)


def test_pod_bound_counts_the_request_that_a_pod_level_limit_gives() -> None:
    """A review from 1.37 on does not carry it, and a manifest never."""
    deny = policy("resources: {onViolation: Deny, limits: [{type: Pod, min: {memory: 64Mi}}]}")
    for minor in (None, 36, 37):
        within = structs.replace(snapshot(deny), kubernetes=minor)
        assert decide(pod("resources: {limits: {memory: 128Mi}}"), within).denied is None


def test_containers_are_sized_where_empty_counts_as_unset() -> None:
    within = structs.replace(snapshot(SIZES), kubernetes=37)
    after = tailored(pod("resources: {}"), within=within)["spec"]["containers"][0]
    assert after["resources"]["requests"] == {"cpu": "50m", "memory": "256Mi"}


def test_sums_stay_within_what_an_older_pod_says_of_itself() -> None:
    """Somebody may have turned the gate on: a Pod that asks for less than its containers is refused."""
    within = structs.replace(snapshot(SIZES), kubernetes=33)
    containers = "containers: [{name: a}, {name: b}, {name: c}]"
    after = tailored(pod(f"{containers}\n{WHOLE}"), within=within)["spec"]["containers"]
    assert all("cpu" not in (each.get("resources") or {}).get("requests", {}) for each in after)


def test_unknown_namespace_is_unlabelled() -> None:
    assert evaluate(Request("new", pod_view(pod())), snapshot(SIZES)).patch
