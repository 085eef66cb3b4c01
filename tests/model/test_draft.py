"""Every value that a policy proposes and the Pod does not get is reported with its reason."""

from __future__ import annotations

import pytest

from tests.support.pods import Json, decide, pod, policy
from webhook.engine.snapshot import snapshot_of
from webhook.model.subject import Namespace

REQUESTS = "resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}"
STORAGE = "resources: {limits: [{type: Container, defaultRequest: {ephemeral-storage: 1Gi}}]}"
BY_CLASS = Namespace("default", has_best_effort_quota=True)
COUNTED = Namespace("default", counts_ephemeral_storage=True)


@pytest.mark.parametrize(
    ("obj", "spec", "namespace", "skips"),
    [
        pytest.param(
            pod(), STORAGE, COUNTED, {"app:requests.ephemeral-storage": "quota"}, id="storage that is counted"
        ),
        pytest.param(pod(), STORAGE, Namespace("default"), {}, id="no storage that nothing counts"),
        pytest.param(
            pod(),
            REQUESTS,
            BY_CLASS,
            {"pod:resources": "quota"},
            id="all requests of a Pod whose class a quota counts",
        ),
        pytest.param(
            pod(container="resources: {requests: {memory: '0'}}"),
            REQUESTS,
            BY_CLASS,
            {"pod:resources": "quota"},
            id="all requests of a Pod that asks for nothing in figures",
        ),
        pytest.param(
            pod(container="resources: {requests: {cpu: 1m}}"),
            REQUESTS,
            BY_CLASS,
            {"app:requests.cpu": "kept"},
            id="only what the Pod has where it has a class",
        ),
        pytest.param(
            pod(container="resizePolicy: [{resourceName: cpu, restartPolicy: RestartContainer}]"),
            "resizePolicy: {cpu: NotRequired}",
            Namespace("default"),
            {"app:resizePolicy.cpu": "kept"},
            id="a resizePolicy that the Pod has",
        ),
        pytest.param(
            pod(container="resizePolicy: [{resourceName: cpu, restartPolicy: NotRequired}]"),
            "resizePolicy: {cpu: NotRequired}",
            Namespace("default"),
            {},
            id="no resizePolicy that is the same",
        ),
    ],
)
def test_skips(obj: Json, spec: str, namespace: Namespace, skips: dict[str, str]) -> None:
    within = snapshot_of((policy(spec),), namespaces={"default": namespace}, annotate=False)
    reasons = {skip.field: str(skip.reason) for skip in decide(obj, within).outcome.skips}
    assert reasons == skips
