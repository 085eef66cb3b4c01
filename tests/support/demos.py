"""Demos: they print a guide once they run, and end by Ctrl-C."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.support.processes import ends_with_us


class Demo(NamedTuple):
    process: subprocess.Popen[str]
    guide: str
    """What it has printed."""


class Shell(NamedTuple):
    """The other terminal."""

    environment: dict[str, str]
    folder: Path

    def type(self, command: str) -> tuple[int, str]:
        """The exit code, and what is printed."""
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            env=self.environment,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@contextmanager
def running_demo(command: Sequence[str]) -> Iterator[Demo]:
    """As from a terminal: in the end Ctrl-C is sent to all that it has started, which must end it."""
    process = subprocess.Popen(
        ends_with_us(command), stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        try:
            yield Demo(process, read_guide(process))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
            try:
                process.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise


def read_guide(process: subprocess.Popen[str]) -> str:
    """What it prints until it runs."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C ends it"):
            break
    return "".join(lines)


@contextmanager
def shell_beside(command: str, exports: AbstractSet[str], columns: int, folder: Path) -> Iterator[Shell]:
    """What this command of a page starts runs meanwhile; its guide exports these variables, and no others."""
    with running_demo(["/bin/sh", "-c", command]) as (_, guide):
        exported = dict(re.findall(r"^  export (\w+)=(\S+)$", guide, re.MULTILINE))
        kubectl = re.search(r"alias kubectl=(\S+)", guide)
        assert kubectl, guide
        assert exported.keys() == exports
        path = os.pathsep.join(
            map(str, (Path(sys.executable).parent, Path(kubectl[1]).parent, os.environ["PATH"]))
        )
        yield Shell({**os.environ, **exported, "COLUMNS": str(columns), "PATH": path}, folder)
