"""`make run`: what a newcomer sees first."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

COMMAND = "make run"


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
