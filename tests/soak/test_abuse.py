"""Good requests beside abusive ones: each is answered, in memory that has an end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from certs.files import CA_CERT
from tests.support.load import load
from tests.support.processes import eventually
from tests.support.server import Server

SCALE = float(os.environ.get("PODTAILOR_ABUSE_SCALE", "0.1"))
RATE, SECONDS = 100, 10 if SCALE < 1 else 30
pytestmark = pytest.mark.soak
MIB = 1024 * 1024
# What the manifests allow is 512 MiB; connections may hold 96 of it.
MAX_MIB = 400


def _most_memory(pid: int) -> int:
    """Bytes, at any moment so far."""
    (line,) = (line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "VmHWM" in line)
    return 1024 * int(line.split()[1])


def test_good_requests_are_answered_beside_bad_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = Server(tmp_path)
    try:
        ca = tmp_path / CA_CERT
        load(server.port, ca, 1000)
        alone = load(server.port, ca, RATE * SECONDS, rate=RATE)
        command = [
            sys.executable,
            "-m",
            "tests.support.abuse",
            str(server.port),
            str(SECONDS + 10),
            str(SCALE),
        ]
        with subprocess.Popen(command) as abuse:
            wanted = 1000 * SCALE
            eventually("abuse is under way", lambda: server.metric("process_open_fds") > wanted)
            beside = load(server.port, ca, RATE * SECONDS, rate=RATE)
            descriptors, memory = server.metric("process_open_fds"), _most_memory(server.process.pid)
            abuse.terminate()
        eventually("they are forgotten", lambda: server.metric("process_open_fds") < 60)
        with capsys.disabled():
            print(
                f"\nscale {SCALE:g}: alone {alone}; beside abuse {beside}; "
                f"{descriptors:.0f} open files, {memory / MIB:.0f} MiB"
            )
        assert set(beside.statuses) == set(alone.statuses) == {"200"}
        assert memory < MAX_MIB * MIB
        assert server.metric('podtailor_admission_requests_total{dry_run="false",result="error"}') == 0
    finally:
        assert server.stop() == 0
