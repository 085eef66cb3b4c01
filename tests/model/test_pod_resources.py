"""Requests of containers in total, as the scheduler adds them up."""

from __future__ import annotations

import pytest

from webhook.model.pod_resources import aggregate
from webhook.model.subject import ContainerKind

REGULAR, SIDECAR, INIT = ContainerKind.REGULAR, ContainerKind.SIDECAR, ContainerKind.INIT


@pytest.mark.parametrize(
    ("amounts", "needed"),
    [
        pytest.param([], 0, id="no containers"),
        pytest.param([(REGULAR, 2), (REGULAR, 3)], 5, id="containers run together"),
        pytest.param([(REGULAR, 2), (INIT, 9), (INIT, 7)], 9, id="init containers run one at a time"),
        pytest.param([(REGULAR, 2), (SIDECAR, 1)], 3, id="a sidecar runs beside containers"),
        pytest.param([(REGULAR, 2), (SIDECAR, 1), (INIT, 9)], 10, id="and beside init containers after it"),
        pytest.param([(REGULAR, 2), (INIT, 9), (SIDECAR, 1)], 9, id="not beside those before it"),
    ],
)
def test_aggregate(amounts: list[tuple[ContainerKind, int]], needed: int) -> None:
    assert aggregate(amounts) == needed
