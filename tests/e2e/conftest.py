"""One control plane a test process; a webhook a module; and the API server's own count of what it let through."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.build import Unavailable, binaries
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.kubelet import Kubelet
from tests.e2e.webhook import Webhook

_NUMBERS = count()
_LETS_THROUGH = "lets_pods_through"
_IS_FOLLOWED = pytest.StashKey[bool]()
"""By a test of the same file that does not stop us either."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    try:
        binaries()
    except Unavailable as reason:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"END-TO-END TESTS DO NOT RUN: {reason}")
    with ControlPlane(tmp_path_factory.mktemp("cluster")) as control_plane:
        yield control_plane


@pytest.fixture(scope="session")
def client(cluster: ControlPlane) -> Iterator[Client]:
    with Client(cluster.kubeconfig) as made:
        yield made


@pytest.fixture(scope="module", autouse=True)
def workloads_end(cluster: ControlPlane) -> Iterator[None]:
    """With their module: what it leaves creates Pods forever, also while another one has no webhook."""
    yield
    cluster.delete_workloads()


@pytest.fixture(scope="module")
def crds(cluster: ControlPlane) -> Iterator[ControlPlane]:
    """With podtailor's custom resources; they go, and all policies with them."""
    cluster.install_policies()
    yield cluster
    cluster.kubectl("delete", "-k", "manifests/crds", "--ignore-not-found")


@pytest.fixture(scope="module")
def webhook_flags() -> list[str]:
    """What a module's webhook is started with; modules say otherwise."""
    return []


@pytest.fixture(scope="module")
def webhook(
    cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory, webhook_flags: list[str]
) -> Iterator[Webhook]:
    replica = Webhook(cluster, tmp_path_factory.mktemp("webhook"), *webhook_flags)
    try:
        replica.register()
        yield replica
    finally:
        cluster.kubectl("delete", "mutatingwebhookconfiguration", "podtailor", "--ignore-not-found")
        replica.stop()


@pytest.fixture(scope="module")
def kubelet(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kubelet]:
    made = Kubelet(cluster, tmp_path_factory.mktemp("kubelet"))
    try:
        yield made
    finally:
        made.stop()
        cluster.kubectl("delete", "-k", "manifests/overlays/cluster-wide", "--ignore-not-found")


@pytest.fixture
def namespace(cluster: ControlPlane, webhook: Webhook) -> str:  # noqa: ARG001 (Pods come once it is called)
    """A namespace of the test's own, where Pods are tailored."""
    return cluster.create_namespace(f"on-{next(_NUMBERS)}")


@pytest.fixture
def spared(cluster: ControlPlane) -> str:
    """A namespace of the test's own that has opted out: what the API server does without us."""
    return cluster.create_namespace(f"off-{next(_NUMBERS)}", injection="disabled")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Between modules the webhook comes and goes."""
    is_followed = nextitem is not None and nextitem.path == item.path
    item.stash[_IS_FOLLOWED] = is_followed and not (nextitem and nextitem.get_closest_marker(_LETS_THROUGH))


@pytest.fixture(scope="module")
def failures() -> list[float]:
    """How many calls had failed before the first of the tests that are counted together."""
    return []


@pytest.fixture(autouse=True)
def nothing_slips_through(
    request: pytest.FixtureRequest, cluster: ControlPlane, failures: list[float]
) -> Iterator[None]:
    """The API server calls us and reads our answer every time; tests that stop us say so by a marker.

    It is asked after the last of the tests that follow each other without the marker: it has megabytes of metrics.
    """
    is_called = bool(failures) or not CALLED.isdisjoint(request.fixturenames)
    if not is_called or request.node.get_closest_marker(_LETS_THROUGH):
        yield
        return
    if not failures:
        failures.append(cluster.metric(*FAILURES, name="pods.podtailor.dev"))
    yield
    if not request.node.stash[_IS_FOLLOWED]:
        before = failures.pop()
        now = cluster.metric(*FAILURES, name="pods.podtailor.dev")
        assert now == before, "a call of the webhook failed, in this test or in one before it in this file"


# Without one of these nobody is called.
CALLED = {"webhook", "kubelet"}
FAILURES = (
    "apiserver_admission_webhook_fail_open_count",
    "apiserver_admission_webhook_rejection_count",
)
