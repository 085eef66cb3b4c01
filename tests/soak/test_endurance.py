"""Reviews, hundreds of thousands: memory and open files are afterwards what they were once it was warm."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from certs.files import CA_CERT
from tests.support.load import load
from tests.support.server import Server

REVIEWS = int(os.environ.get("PODTAILOR_SOAK_REVIEWS", "10000"))
ROUNDS = 5
pytestmark = pytest.mark.soak
MIB = 1024 * 1024


def test_memory_and_open_files_stay_flat(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server = Server(tmp_path)
    try:
        held = []
        for _ in range(ROUNDS):
            measured = load(server.port, tmp_path / CA_CERT, REVIEWS // ROUNDS)
            assert set(measured.statuses) == {"200"}
            memory = server.metric("process_resident_memory_bytes") / MIB
            held.append((memory, server.metric("process_open_fds")))
        with capsys.disabled():
            rows = ", ".join(f"{memory:.1f} MiB and {files:.0f} files" for memory, files in held)
            print(f"\n{REVIEWS} reviews in {ROUNDS} rounds: {rows}; the last: {measured}")
        warm, last = held[0], held[-1]
        assert last[0] < warm[0] * 1.05 + 1
        assert last[1] <= warm[1] + 10
    finally:
        assert server.stop() == 0
