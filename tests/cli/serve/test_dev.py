"""`make run` and `serve --dev`: what a newcomer sees first."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

COMMAND = "make run"


def _with_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def _until_it_serves(output: IO[str]) -> str:
    """The output until then, or all of it if the server ended."""
    lines = []
    for line in output:
        if line == "Ctrl-C stops.\n":
            break
        lines.append(line)
    return "".join(lines)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--mode", "off"], "Nothing changes in the example Pod.\n  mode-off: the mode of default is off\n"),
        (
            ["--mode", "audit"],
            "Nothing changes in the example Pod.\n  podtailor: audit only, not changed: gpu: server:",
        ),
        pytest.param(
            ["--host", "::1"],
            "Serving on https://[::1]:",
            marks=pytest.mark.only_if(_with_ipv6()),
        ),
    ],
)
def test_dev_shows_the_result_for_the_example(flags: list[str], words: str) -> None:
    command = [sys.executable, "-m", "webhook", "serve", "--dev", "--port", "0", "--health-port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout
        text = _until_it_serves(running.stdout)
        running.send_signal(signal.SIGINT)
    assert words in text
    assert running.returncode == 0


def test_make_run_shows_a_tailored_pod_and_serves() -> None:
    environment = {**os.environ, "PODTAILOR_PORT": "0", "PODTAILOR_HEALTH_PORT": "0"}
    with subprocess.Popen(
        COMMAND.split(),
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as running:
        assert running.stdout
        text = _until_it_serves(running.stdout)
        try:
            curl = next(line.strip() for line in text.splitlines() if "curl" in line)
            answer = subprocess.run(
                ["/bin/bash", "-c", f"{curl} -s"], capture_output=True, text=True, check=True
            )
        finally:
            os.killpg(running.pid, signal.SIGINT)
    assert "+        memory: 8Gi\n" in text
    assert "restartPolicy: RestartContainer" in text
    assert json.loads(answer.stdout)["response"]["patchType"] == "JSONPatch"
    certificates = Path(curl.split()[2]).parent
    assert not certificates.exists(), "throwaway certificates are deleted"
