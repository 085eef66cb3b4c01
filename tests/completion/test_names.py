"""Names of the cluster, if it answers in time."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

import pytest

from tests.completion.conftest import Api
from tests.support.processes import eventually
from webhook.completion import kubeconfig as kubeconfigs
from webhook.completion.names import names

PODS = "/api/v1/namespaces/shop/pods"


@pytest.fixture
def silent() -> Iterator[str]:
    """The address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def test_names_are_read(kubeconfig: Path, api: Api) -> None:
    assert names(kubeconfigs.read(str(kubeconfig)), None, PODS, deadline=30) == ["web-1", "web-2", "db-0"]
    assert api.requests == [f"{PODS}?limit=500"]


def test_refusal_offers_nothing(kubeconfig: Path, api: Api) -> None:
    api.token = "secret"  # noqa: S105 (of this test)
    assert names(kubeconfigs.read(str(kubeconfig)), None, PODS, deadline=30) == []


def test_silence_ends_at_the_deadline(kubeconfig: Path, api: Api, silent: str) -> None:
    """By the order of events, not by a clock: it returns while the server still holds the connection."""
    kubeconfig.write_text(kubeconfig.read_text().replace(api.address, silent))
    start = monotonic()
    assert names(kubeconfigs.read(str(kubeconfig)), None, PODS, deadline=0.05) == []
    assert monotonic() - start >= 0.05


def test_credential_plugin_is_asked(kubeconfig: Path, api: Api, tmp_path: Path) -> None:
    api.token = "secret"  # noqa: S105 (of this test)
    plugin = tmp_path / "plugin"
    plugin.write_text('#!/bin/sh\ntest "$WHO" = me && echo \'{"status": {"token": "secret"}}\'\n')
    plugin.chmod(0o755)
    command = f'{{exec: {{command: "{plugin}", env: [{{name: WHO, value: me}}]}}}}'
    kubeconfig.write_text(kubeconfig.read_text().replace("user: {}", f"user: {command}"))
    assert names(kubeconfigs.read(str(kubeconfig)), None, PODS, deadline=30) == ["web-1", "web-2", "db-0"]


def test_slow_credential_plugin_is_ended(kubeconfig: Path, tmp_path: Path) -> None:
    plugin, ended = tmp_path / "plugin", tmp_path / "ended"
    plugin.write_text(f"#!/bin/sh\nexec sleep 600\ntouch {ended}\n")
    plugin.chmod(0o755)
    kubeconfig.write_text(
        kubeconfig.read_text().replace("user: {}", f'user: {{exec: {{command: "{plugin}"}}}}')
    )
    assert names(kubeconfigs.read(str(kubeconfig)), None, PODS, deadline=0.05) == []
    assert not ended.exists()


def test_what_a_slow_credential_plugin_has_started_is_ended(kubeconfig: Path, tmp_path: Path) -> None:
    plugin, child = tmp_path / "plugin", tmp_path / "child"
    plugin.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {child}\nwait\n")
    plugin.chmod(0o755)
    kubeconfig.write_text(
        kubeconfig.read_text().replace("user: {}", f'user: {{exec: {{command: "{plugin}"}}}}')
    )
    assert names(kubeconfigs.read(str(kubeconfig)), None, PODS, deadline=2) == []
    eventually("the child has ended", lambda: _has_ended(child.read_text().strip()))


def _has_ended(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_credential_plugin_that_asks_the_user_is_not_run(kubeconfig: Path, tmp_path: Path) -> None:
    plugin, asked = tmp_path / "plugin", tmp_path / "asked"
    plugin.write_text(f"#!/bin/sh\ntouch {asked}\n")
    plugin.chmod(0o755)
    user = f'user: {{exec: {{command: "{plugin}", interactiveMode: Always}}}}'
    kubeconfig.write_text(kubeconfig.read_text().replace("user: {}", user))
    assert names(kubeconfigs.read(str(kubeconfig)), None, PODS, deadline=30) == []
    assert not asked.exists()
