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


def _with_plugin(kubeconfig: Path, script: str, more: str = "") -> kubeconfigs.Kubeconfig:
    """The kubeconfig, with a credential plugin that is this shell script."""
    plugin = kubeconfig.with_name("plugin")
    plugin.write_text(f"#!/bin/sh\n{script}\n")
    plugin.chmod(0o755)
    user = f'user: {{exec: {{command: "{plugin}"{more}}}}}'
    kubeconfig.write_text(kubeconfig.read_text().replace("user: {}", user))
    return kubeconfigs.read(str(kubeconfig))


def test_credential_plugin_is_asked(kubeconfig: Path, api: Api) -> None:
    api.token = "secret"  # noqa: S105 (of this test)
    script = 'test "$WHO" = me && echo \'{"status": {"token": "secret"}}\''
    config = _with_plugin(kubeconfig, script, ", env: [{name: WHO, value: me}]")
    assert names(config, None, PODS, deadline=30) == ["web-1", "web-2", "db-0"]


@pytest.mark.parametrize(
    "script",
    [
        pytest.param("echo $$ > PID\nexec sleep 600", id="itself"),
        pytest.param("sleep 600 &\necho $! > PID\nwait", id="what it has started"),
    ],
)
def test_slow_credential_plugin_is_ended(kubeconfig: Path, tmp_path: Path, script: str) -> None:
    process = tmp_path / "pid"
    config = _with_plugin(kubeconfig, script.replace("PID", str(process)))
    assert names(config, None, PODS, deadline=2) == []
    eventually("it has ended", lambda: _has_ended(process.read_text().strip()))


def _has_ended(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_a_credential_plugin_that_asks_the_user_is_not_run(kubeconfig: Path, tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    config = _with_plugin(kubeconfig, f"touch {asked}", ", interactiveMode: Always")
    assert names(config, None, PODS, deadline=30) == []
    assert not asked.exists()
