"""What docs/kubernetes.md says of this version of Kubernetes is what its API server does: `make matrix` writes it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.matrix.api import PLAIN, RANGED, TAILORED, Api
from tests.e2e.matrix.page import observations
from tests.e2e.matrix.probes import TOPICS, Probe
from tests.e2e.webhook import Webhook
from tests.support.processes import eventually

# `make matrix` writes down what is seen, all others compare.
RECORDS = bool(os.environ.get("PODTAILOR_E2E_RECORDS"))
PROBES = [
    pytest.param(topic, probe, id=f"{topic}: {probe.what}")
    for topic, probes in TOPICS.items()
    for probe in probes
]
# Below the request of one Pod of the probes, and above the limit of another.
_RANGE = {
    "apiVersion": "v1",
    "kind": "LimitRange",
    "metadata": {"name": "defaults"},
    "spec": {"limits": [{"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "100m"}}]},
}


@pytest.fixture(scope="module")
def webhook_flags(cluster: ControlPlane) -> list[str]:
    return ["--from-cluster", f"--kubeconfig={cluster.kubeconfig}"]


@pytest.fixture(scope="module")
def api(cluster: ControlPlane, webhook: Webhook) -> Api:
    eventually("all is listed", lambda: webhook.health("/readyz")[0] == 200)
    prepared(cluster)
    cluster.create_namespace(TAILORED)
    return Api(cluster)


def prepared(cluster: ControlPlane) -> None:
    """The namespaces without podtailor, one of them once its LimitRange is in force."""
    cluster.create_namespace(PLAIN, injection="disabled")
    cluster.create_namespace(RANGED, injection="disabled")
    cluster.kubectl("create", "-n", RANGED, "-f", "-", stdin=json.dumps(_RANGE))
    probe = (
        "run",
        "x",
        "--image=x",
        "--dry-run=server",
        "-n",
        RANGED,
        "--output=jsonpath={.spec.containers[0].resources}",
    )
    eventually("LimitRanger knows it", lambda: cluster.kubectl(*probe) != "{}")


@pytest.mark.lets_pods_through
@pytest.mark.parametrize(("topic", "probe"), PROBES)
def test_api_server_does_what_the_page_says(
    cluster: ControlPlane, api: Api, topic: str, probe: Probe, record_property: Callable[[str, Any], None]
) -> None:
    seen = probe.observe(api)
    for name, value in (("topic", topic), ("probe", probe.what), ("observed", seen)):
        record_property(name, value)
    if RECORDS:
        return
    recorded = observations().get(cluster.version, {}).get("observed", {})
    assert recorded.get(topic, {}).get(probe.what) == seen, "run make matrix"
