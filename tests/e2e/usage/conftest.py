"""The made-up week in a Prometheus and in a VictoriaMetrics, for all tests of a run: `make e2e-usage`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.e2e.usage import market
from tests.e2e.usage.servers import Prometheus, VictoriaMetrics, blocks_of
from tests.e2e.usage.week import write_week


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


class Week(NamedTuple):
    blocks: Path
    """Of Prometheus."""
    exposition: Path


@pytest.fixture(scope="session")
def week(tmp_path_factory: pytest.TempPathFactory) -> Week:
    folder = tmp_path_factory.mktemp("week")
    made = Week(folder / "blocks", folder / "week.txt")
    write_week(folder / "week.om", made.exposition, market.series())
    blocks_of(folder / "week.om", made.blocks)
    return made


@pytest.fixture(scope="session")
def prometheus(week: Week, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its URL."""
    with Prometheus(tmp_path_factory.mktemp("prometheus"), week.blocks) as server:
        yield server.url


@pytest.fixture(scope="session")
def victoria(week: Week, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its URL."""
    with VictoriaMetrics(tmp_path_factory.mktemp("victoria"), "-search.disableCache") as server:
        server.load(week.exposition)
        yield server.url


@pytest.fixture(params=["prometheus", "victoria"])
def url(request: pytest.FixtureRequest) -> str:
    """Of each of the two."""
    return str(request.getfixturevalue(request.param))
