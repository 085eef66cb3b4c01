"""podtailor as before, but for the name of its configuration: it is called first, or last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.neighbours.pairs import ORDERS, POLICIES
from tests.e2e.webhook import Webhook


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.soak)


@pytest.fixture(scope="module", params=ORDERS)
def order(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def webhook_flags() -> list[str]:
    return POLICIES


@pytest.fixture(scope="module")
def webhook(
    cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory, webhook_flags: list[str], order: str
) -> Iterator[Webhook]:
    replica = Webhook(cluster, tmp_path_factory.mktemp("webhook"), *webhook_flags)
    try:
        replica.register(ORDERS[order])
        yield replica
    finally:
        cluster.kubectl("delete", "mutatingwebhookconfiguration", ORDERS[order], "--ignore-not-found")
        replica.stop()
