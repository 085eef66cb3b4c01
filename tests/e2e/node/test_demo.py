"""`make node` does what its guide says, and leaves no process behind, however it ends."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.e2e.node.image import image
from tests.e2e.node.node import PATIENCE
from tests.support.demos import read_guide
from tests.support.processes import ends_with_us, eventually

_PARTS = {"etcd", "kube-apiserver", "kube-controller", "kube-scheduler", "python", "qemu-system-x86"}
"""What it is made of, by the names that the kernel keeps of programs: their first 15 characters."""


@pytest.fixture(scope="module", autouse=True)
def _built() -> None:
    """All that it runs: the first build takes longer than a test waits."""
    image()


def test_does_what_its_guide_says_until_ctrl_c() -> None:
    with _demo() as process:
        printed = read_guide(process)
        (kubeconfig,) = re.findall(r"KUBECONFIG=(\S+)", printed)
        (kubectl,) = re.findall(r"alias kubectl=(\S+)", printed)
        (podtailor,) = re.findall(r"alias podtailor=(\S+)", printed)
        programs = {"kubectl": kubectl, "podtailor": podtailor}

        def output(command: str) -> str:
            program, *words = shlex.split(command, comments=True)
            environment = {**os.environ, "KUBECONFIG": kubeconfig}
            done = subprocess.run(
                [programs[program], *words], env=environment, check=False, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        commands = re.findall(r"^  ((?:kubectl|podtailor) .+)", printed, re.MULTILINE)
        nodes, apply, ready, show, plan, resize, _, pods, back, policy = commands
        assert "containerd://2" in output(nodes)
        output(apply)
        output(ready)
        before = output(show)
        assert before.split() == ["30000", "100000", str(128 * 2**20)]
        names = [line.split()[0] for line in output(pods).splitlines()]
        output(plan)
        assert output(show) == before
        output(resize)
        assert output(show).split() == ["50000", "100000", str(256 * 2**20)]
        lines = [line.split() for line in output(pods).splitlines()[1:]]
        assert [line[0] for line in lines] == names[1:]
        assert {line[3] for line in lines} == {"0"}
        output(back)
        assert output(show) == before
        output(policy)
        pids = _pids(process.pid)
        assert set(pids.values()) >= _PARTS
        # In a terminal, Ctrl-C signals all of them.
        os.killpg(process.pid, signal.SIGINT)
        assert process.wait(PATIENCE) == 0
        eventually("all are gone", lambda: not _running(pids))


def test_leaves_no_process_behind_where_it_is_killed() -> None:
    with _demo() as process:
        eventually("QEMU runs", lambda: set(_pids(process.pid).values()) >= _PARTS, PATIENCE)
        pids = _pids(process.pid)
        process.kill()
        eventually("all are gone", lambda: not _running(pids))


@contextmanager
def _demo() -> Iterator[subprocess.Popen[str]]:
    """Running, in a process group of its own."""
    command = ends_with_us([sys.executable, "-m", "tests.e2e.node.demo"])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            yield process
        finally:
            process.kill()


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
