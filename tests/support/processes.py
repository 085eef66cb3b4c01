"""Processes that tests start: their output is kept, and they are stopped by the handle that started them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Self, TypeVar

T = TypeVar("T")


class Started(ABC):
    """What `with` starts, and stops however its body or the start itself ends."""

    @abstractmethod
    def start(self) -> None:
        """Back once it can be used."""

    @abstractmethod
    def stop(self) -> None:
        """End what `start` began, as far as it came."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


class Process:
    """One program; its standard error is read line by line as it comes, and kept in a file."""

    def __init__(self, name: str, command: list[str], log: Path) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.lines: list[str] = []
        self._grown = threading.Condition()
        self._said_all = False
        self._process = subprocess.Popen(
            ends_with_us(command),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for_line(self, wanted: Callable[[str], T | None], seconds: float = 30) -> T:
        """The first result for a line that is wanted, also one that came already, or came last."""
        deadline = time.monotonic() + seconds
        seen = 0
        with self._grown:
            while True:
                for line in self.lines[seen:]:
                    result = wanted(line)
                    if result is not None:
                        return result
                seen = len(self.lines)
                left = deadline - time.monotonic()
                if left <= 0 or self._said_all:
                    raise AssertionError(f"{self.name} said no such thing:\n{self.tail()}")
                self._grown.wait(left)

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def stop(self) -> int:
        """SIGTERM, and in the end SIGKILL. The exit code."""
        self._process.terminate()
        return self.wait()

    def wait(self, seconds: float = 30) -> int:
        """The exit code; a process that does not end is killed."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._reader.join()
            if self._process.stderr:
                self._process.stderr.close()

    def tail(self) -> str:
        return "".join(self.lines[-20:])

    def _read(self) -> None:
        assert self._process.stderr
        with self.log.open("w", buffering=1) as log:
            for line in self._process.stderr:
                log.write(line)
                with self._grown:
                    self.lines.append(line)
                    self._grown.notify_all()
        with self._grown:
            self._said_all = True
            self._grown.notify_all()


def ends_with_us(command: Sequence[str]) -> list[str]:
    """The command, killed by the kernel (of Linux) when what starts it ends, however that ends.

    To the kernel that is the thread which starts it: it must last as long as the process is to.
    """
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig=KILL", "--", *command] if setpriv else [*command]


class Spent(NamedTuple):
    """What a command took that ended well."""

    lines: int
    """Of its output."""
    seconds: float
    mib: float
    """Resident, at its peak."""


# A process begins with the peak of the one that it was forked from: this one is small.
_LAUNCHER = """\
import resource, subprocess, sys
code = subprocess.call(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(code)
"""


def spent(command: Sequence[str]) -> Spent:
    started = time.monotonic()
    launcher = [sys.executable, "-c", _LAUNCHER, *command]
    lines, last = 0, ""
    with subprocess.Popen(launcher, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            lines, last = lines + 1, line
    assert process.returncode == 0, command
    return Spent(lines - 1, time.monotonic() - started, int(last) / 1024)


def free_port() -> int:
    """A port of loopback that nobody has. Somebody may take it before it is used: then the start fails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def eventually(what: str, attempt: Callable[[], T | None], seconds: float = 60) -> T:
    """The first result of `attempt` that is not None or False: for states that tell nobody of their coming."""
    deadline = time.monotonic() + seconds
    never = threading.Event()
    pause = 0.02
    while True:
        result = attempt()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        never.wait(pause)
        # Many attempts start a process, or ask an API server: what takes long is asked for less often.
        pause = min(pause * 1.5, 0.3)
