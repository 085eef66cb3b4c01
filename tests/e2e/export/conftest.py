"""Exported policies on the API server of the session, each set for namespaces of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.controlplane.build import VERSION, minor
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.export.admission import Admission
from tests.e2e.export.in_force import InForce

# Before, MutatingAdmissionPolicy is beta, and off.
_SERVED = pytest.mark.only_if(minor(VERSION) >= 36)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(_SERVED)


@pytest.fixture(scope="session")
def admission(cluster: ControlPlane) -> Iterator[Admission]:
    made = Admission(cluster)
    yield made
    made.close()


@pytest.fixture(scope="module")
def in_force(cluster: ControlPlane, admission: Admission) -> Iterator[InForce]:
    made = InForce(cluster, admission)
    try:
        yield made
    finally:
        made.clear()


@pytest.fixture(scope="module")
def _errors_before(cluster: ControlPlane) -> list[float]:
    return [errors(cluster)]


@pytest.fixture
def without_errors(cluster: ControlPlane, _errors_before: list[float]) -> Iterator[None]:
    """The API server has evaluated all expressions without an error, by its own count."""
    yield
    assert errors(cluster) == _errors_before[0], "an expression of an exported policy has failed"


def errors(cluster: ControlPlane) -> float:
    name = "apiserver_mutating_admission_policy_check_total"
    return cluster.metric(name) - cluster.metric(name, error_type="no_error")
