"""`make node` leaves no process behind, however it ends."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.node.node import PATIENCE
from tests.support.processes import eventually

_PARTS = {"etcd", "kube-apiserver", "kube-controller", "kube-scheduler", "python", "qemu-system-x86"}
"""What it is made of, by the names that the kernel keeps of programs: their first 15 characters."""


def test_leaves_no_process_behind_where_it_is_killed() -> None:
    command = [sys.executable, "-m", "tests.e2e.node.demo"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            eventually("QEMU runs", lambda: set(_pids(process.pid).values()) >= _PARTS, PATIENCE)
            pids = _pids(process.pid)
        finally:
            process.kill()
    eventually("all are gone", lambda: not _running(pids))


def _pids(ancestor: int) -> dict[int, str]:
    """Programs by process, of all that have come from this one and run."""
    running = (int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())
    parents = {pid: parent for pid in running if (parent := _parent(pid))}

    def descends(pid: int) -> bool:
        return pid in parents and (parents[pid] == ancestor or descends(parents[pid]))

    return {pid: _program(pid) for pid in parents if descends(pid)}


def _parent(pid: int) -> int | None:
    """None of a process that has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return int(re.findall(r"^PPid:\t(\d+)$", status, re.MULTILINE)[0])


def _running(pids: dict[int, str]) -> dict[int, str]:
    """Those that run still; a number that another program has got since does not count."""
    return {pid: name for pid, name in pids.items() if name and _program(pid) == name}


def _program(pid: int) -> str:
    """Empty where it has ended, whether or not anybody has asked for its exit code."""
    process = Path(f"/proc/{pid}")
    try:
        return (
            process.joinpath("comm").read_text().strip() if process.joinpath("cmdline").read_bytes() else ""
        )
    except (FileNotFoundError, ProcessLookupError):
        return ""
