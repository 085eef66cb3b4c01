"""Pods with dynamic resource allocation: their claims stay, and nothing limits what a device may need."""

from __future__ import annotations

from itertools import product

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.build import VERSION, minor
from tests.e2e.webhook import Webhook
from tests.support.pods import Json, pod, yaml

# The API server drops claims before.
pytestmark = pytest.mark.only_if(minor(VERSION) >= 34)
# Of the Pod, and of its container.
_CLAIMS = (
    ("resourceClaimName: shared", "{name: device}"),
    ("resourceClaimTemplateName: one-each", "{name: device, request: half}"),
)
_SIZES = (
    "",
    "requests: {cpu: 100m}",
    "requests: {cpu: 100m, memory: 64Mi}, limits: {cpu: '1', memory: 1Gi}",
    "limits: {nvidia.com/gpu: 1}",
)
_INIT = (
    "",
    "{name: init, image: i, resources: {claims: [{name: device}]}}",
    "{name: init, image: i, restartPolicy: Always, resources: {claims: [{name: device}]}}",
)


@pytest.fixture(scope="module")
def webhook_flags() -> list[str]:
    return ["--builtin=strict"]


@pytest.mark.parametrize("kind", ["general", "gpu"])
def test_pods_with_claims(client: Client, webhook: Webhook, namespace: str, spared: str, kind: str) -> None:
    """`kind` is the workload type by label: a claim itself does not show its device."""
    for (of_pod, of_container), size, init in product(_CLAIMS, _SIZES, _INIT):
        made = pod(
            f"resourceClaims: [{{name: device, {of_pod}}}]\ninitContainers: [{init}]",
            metadata=f"labels: {{podtailor.dev/workload-type: {kind}}}",
            container=f"resources: {{claims: [{of_container}], {size}}}",
        )
        made["spec"]["containers"].append(yaml("{name: other, image: i}"))
        without = client.create(spared, made, dry_run=True)
        stored = client.create(namespace, made, dry_run=True)
        assert stored["spec"]["resourceClaims"] == without["spec"]["resourceClaims"]
        for name, was in _resources(without).items():
            resources = _resources(stored)[name]
            assert resources.get("claims") == was.get("claims")
            if name == "other":
                assert resources["limits"] != was.get("limits"), "strict sets limits"
            else:
                assert resources.get("limits") == was.get("limits"), "but none of what claims"
        assert all(each["resizePolicy"] for each in stored["spec"]["containers"])
        assert "patch" not in webhook.review(stored, namespace=namespace), "a second review changes nothing"


def _resources(stored: Json) -> dict[str, Json]:
    containers = [*stored["spec"]["containers"], *(stored["spec"].get("initContainers") or [])]
    return {each["name"]: each.get("resources") or {} for each in containers}
