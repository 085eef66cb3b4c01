"""The Vertical Pod Autoscaler sets requests of the same Pods, and scales their limits."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.neighbours.autoscaler import Autoscaler
from tests.e2e.neighbours.pairs import Pair
from tests.e2e.webhook import Webhook


@pytest.fixture(scope="module")
def autoscaler(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Autoscaler]:
    with Autoscaler(cluster, tmp_path_factory.mktemp("vpa")) as started:
        yield started


@pytest.mark.parametrize("values", ["RequestsAndLimits", "RequestsOnly"])
def test_random_pods(
    client: Client, webhook: Webhook, autoscaler: Autoscaler, order: str, values: str
) -> None:
    autoscaler.values = values
    Pair(client, webhook, autoscaler, order).run(f"VPA, {values}")
