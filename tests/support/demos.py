"""Demos: they print a guide once they run, and end by Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple


class Demo(NamedTuple):
    process: subprocess.Popen[str]
    guide: str
    """What it has printed."""


@contextmanager
def running_demo(command: Sequence[str]) -> Iterator[Demo]:
    """As from a terminal: in the end Ctrl-C is sent to all that it has started."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout
    try:
        yield Demo(process, read_guide(process))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
        process.stdout.read()
        process.wait(60)
        process.stdout.close()


def read_guide(process: subprocess.Popen[str]) -> str:
    """What it prints until it runs."""
    assert process.stdout
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Ctrl-C ends it"):
            break
    return "".join(lines)
