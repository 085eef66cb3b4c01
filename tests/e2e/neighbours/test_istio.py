"""Istio adds containers to the same Pods."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.neighbours.istio import Istio
from tests.e2e.neighbours.pairs import FIRST, Pair
from tests.e2e.webhook import Webhook
from tests.support.pods import Json, pod

_PROXY = "sidecar.istio.io/proxy"
EQUAL = {
    f"{_PROXY}CPU": "100m",
    f"{_PROXY}CPULimit": "100m",
    f"{_PROXY}Memory": "128Mi",
    f"{_PROXY}MemoryLimit": "128Mi",
}


@pytest.fixture(scope="module")
def istio(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Istio]:
    with Istio(cluster, tmp_path_factory.mktemp("istio")) as started:
        yield started


@pytest.fixture
def pair(client: Client, webhook: Webhook, istio: Istio, order: str) -> Pair:
    return Pair(client, webhook, istio, order)


@pytest.mark.parametrize("native", [False, True], ids=["container", "native sidecar"])
def test_random_pods(client: Client, istio: Istio, pair: Pair, *, native: bool) -> None:
    istio.native = native
    created = client.create(pair.theirs, istio.prepared(pod()), dry_run=True)
    assert ("istio-proxy" in [each["name"] for each in created["spec"]["initContainers"]]) == native
    pair.run("Istio")


@pytest.mark.parametrize(
    ("annotations", "qos_class"), [({}, "Burstable"), (EQUAL, "Guaranteed")], ids=["by default", "equal"]
)
def test_class_guaranteed_needs_a_proxy_with_equal_values(
    client: Client, pair: Pair, order: str, annotations: Json, qos_class: str
) -> None:
    sent = pod(metadata=f"annotations: {json.dumps(annotations)}")
    alone = client.create(pair.ours, sent, dry_run=True)
    assert alone["status"]["qosClass"] == "Guaranteed", "one of the POLICIES wants it"
    both = client.create(pair.both, sent, dry_run=True)
    assert both["status"]["qosClass"] == qos_class
    # Asked again after Istio, podtailor keeps the limits that it has set for a class that is out of reach by then.
    has_tight_limits = (
        both["spec"]["containers"][0]["resources"] == alone["spec"]["containers"][0]["resources"]
    )
    assert has_tight_limits == (order == FIRST or qos_class == "Guaranteed")
