"""`make run`: what a newcomer sees first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = "make run"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--mode", "off"], "Nothing changes in the example Pod.\n  mode-off: the mode of default is off\n"),
        (
            ["--mode", "audit"],
            "Nothing changes in the example Pod.\n  podtailor: audit only, not changed: gpu: server:",
        ),
        (["--host", "::1"], "Serving on https://[::1]:"),
    ],
)
def test_dev_shows_what_happens_also_where_nothing_does(flags: list[str], said: str) -> None:
    command = [sys.executable, "-m", "webhook", "serve", "--dev", "--port", "0", "--health-port", "0", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as running:
        assert running.stdout
        text = "".join(iter(running.stdout.readline, "Ctrl-C stops.\n"))
        running.send_signal(signal.SIGINT)
    assert said in text
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
        said = []
        for line in running.stdout:
            said.append(line)
            if "Ctrl-C stops" in line:
                break
        try:
            curl = next(line.strip() for line in said if "curl" in line)
            answer = subprocess.run(
                ["/bin/bash", "-c", f"{curl} -s"], capture_output=True, text=True, check=True
            )
        finally:
            os.killpg(running.pid, signal.SIGINT)
    text = "".join(said)
    assert "+        memory: 8Gi\n" in text
    assert "restartPolicy: RestartContainer" in text
    assert json.loads(answer.stdout)["response"]["patchType"] == "JSONPatch"
    certificates = Path(curl.split()[2]).parent
    assert not certificates.exists(), "throwaway means thrown away"
