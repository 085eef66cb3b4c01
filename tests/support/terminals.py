"""A command whose standard streams are a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

DUMB: Mapping[str, str] = MappingProxyType({"TERM": "dumb"})
"""Without colours."""


def in_terminal(
    *arguments: str, width: int = 0, cwd: Path | None = None, variables: Mapping[str, str] = DUMB
) -> tuple[int, str]:
    """Exit code of `podtailor`, and what it prints to both streams. If `width` is 0, the terminal has no size."""
    ours, theirs = pty.openpty()
    if width:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd()), **variables}
    command = [sys.executable, "-m", "webhook", *arguments]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=cwd, env=environment
    ) as child:
        os.close(theirs)
        printed = b""
        try:
            while read := os.read(ours, 65536):
                printed += read
        except OSError:  # Linux: the other side has closed it
            pass
        os.close(ours)
    return child.returncode, printed.decode().replace("\r\n", "\n")
