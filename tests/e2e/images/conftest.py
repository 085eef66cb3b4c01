"""A real registry: `make e2e-images`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.files import issue_to
from tests.e2e.images.registry import Distribution
from tests.images.registry.fake_registry import TOKENS


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.soak)


@pytest.fixture(scope="module", autouse=True)
def workloads_end() -> None:
    """There is no control plane here."""


@pytest.fixture(autouse=True)
def nothing_slips_through() -> None:
    """Nor a webhook."""


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the CA of all servers here. Two names of this machine: they are two hosts."""
    folder = tmp_path_factory.mktemp("certificates")
    issue_to(folder, ["localhost", "127.0.0.1", TOKENS], datetime.now(UTC), timedelta(hours=1))
    return folder


@pytest.fixture(scope="session")
def registry(certificates: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Distribution]:
    """Open to all."""
    with Distribution(tmp_path_factory.mktemp("registry"), certificates) as started:
        yield started
