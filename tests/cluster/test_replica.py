"""The name of a replica is that of its Pod."""

from __future__ import annotations

import socket

import pytest

from webhook.cluster.replica import replica_name


@pytest.mark.parametrize(
    ("variable", "name"),
    [
        pytest.param("podtailor-7d9c-x2x", "podtailor-7d9c-x2x", id="as the Deployment gives it"),
        pytest.param("", socket.gethostname(), id="the hostname without it"),
    ],
)
def test_name(monkeypatch: pytest.MonkeyPatch, variable: str, name: str) -> None:
    monkeypatch.setenv("POD_NAME", variable)
    assert replica_name() == name
