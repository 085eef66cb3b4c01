"""A control plane with a real Node, for all tests of a run. They run apart from the others: `make e2e-node`."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.node.egress import Egress
from tests.e2e.node.node import Node
from tests.e2e.node.pods import Pods
from tests.e2e.webhook import Webhook

_NUMBERS = count()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.soak)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    folder = tmp_path_factory.mktemp("cluster")
    with Egress(folder) as egress, ControlPlane(folder, *egress.flags, kwok=False) as control_plane:
        yield control_plane


@pytest.fixture(scope="session")
def node(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    with Node(cluster, tmp_path_factory.mktemp("node")) as made:
        yield made


@pytest.fixture
def pods(cluster: ControlPlane, node: Node, webhook: Webhook) -> Iterator[Pods]:  # noqa: ARG001 (they must be there)
    """Tailored by us; gone after the test, so that the next one has the Node to itself."""
    made = Pods(cluster, cluster.create_namespace(f"on-{next(_NUMBERS)}"))
    yield made
    made.delete_all()


@pytest.fixture
def untailored(cluster: ControlPlane, node: Node) -> Iterator[Pods]:  # noqa: ARG001 (it must be there)
    """In a namespace that has opted out."""
    made = Pods(cluster, cluster.create_namespace(f"off-{next(_NUMBERS)}", injection="disabled"))
    yield made
    made.delete_all()
