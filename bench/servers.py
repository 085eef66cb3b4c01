"""The webhooks that are measured, each a process on loopback with TLS, and what they use."""

from __future__ import annotations

import os
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bench.programs import program
from certs.files import CA_CERT, TLS_CERT, TLS_KEY, issue_to
from tests.support.processes import eventually, free_port

ROOT = Path(__file__).parent.parent
_IMPATIENT = 0.02


class Used(NamedTuple):
    """By a process so far."""

    cpu: float
    """Seconds, user and system, of all its threads."""
    mib: float
    """Resident now."""


class Server:
    """Running. `url` and `ca` are for whoever calls it."""

    def __init__(self, name: str, command: Sequence[str], port: int, folder: Path) -> None:
        """Back once it shakes hands. `folder` has the certificates, and gets what the server says."""
        self.name, self.port, self.ca = name, port, folder / CA_CERT
        self.url = f"https://localhost:{port}/mutate"
        self._log = (folder / f"{name}-{port}.log").open("wb")
        started = time.perf_counter()
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=self._log, stderr=self._log)
        eventually(f"{name} answers", self._answers)
        self.start_up = time.perf_counter() - started
        """Seconds."""

    @property
    def pid(self) -> int:
        return self._process.pid

    def used(self) -> Used:
        return used(self.pid)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise AssertionError(f"{self.name} has ended: {Path(self._log.name).read_text()[-2000:]}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as plain:
                trust = ssl.create_default_context(cafile=self.ca)
                trust.wrap_socket(plain, server_hostname="localhost").close()
        except OSError:
            time.sleep(_IMPATIENT)
            return False
        return True


def used(pid: int) -> Used:
    """Of a process, from its own accounting: to the nanosecond, where `/proc/PID/stat` counts hundredths."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    nanoseconds = sum(int(each.read_text().split()[0]) for each in threads)
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Used(nanoseconds / 1e9, pages * os.sysconf("SC_PAGE_SIZE") / 1024**2)


def certificates(folder: Path) -> Path:
    issue_to(folder, ["localhost"], datetime.now(UTC), timedelta(days=1))
    return folder


def podtailor(folder: Path, *flags: str, name: str = "podtailor") -> Server:
    """The built-ins strict, its log line on; `flags` are of `serve`."""
    port = free_port()
    command = [sys.executable, "-m", "webhook", "serve", "--host=127.0.0.1", f"--port={port}"]
    command += [
        "--health-port=0",
        "--shutdown-delay=0",
        *_files("--tls-cert-file", "--tls-private-key-file", folder),
    ]
    return Server(name, [*command, *(flags or ("--builtin=strict",))], port, folder)


def bare(folder: Path) -> Server:
    return _uvicorn("bare", folder, "--no-access-log")


def naive(folder: Path) -> Server:
    """With the access log that it comes with."""
    return _uvicorn("naive", folder)


def typed(folder: Path) -> Server:
    return _go("typed", folder)


def lean(folder: Path, patch: Path) -> Server:
    return _go("lean", folder, f"-patch={patch}")


@contextmanager
def running(*servers: Server) -> Iterator[tuple[Server, ...]]:
    with ExitStack() as stack:
        for server in servers:
            stack.callback(server.stop)
        yield servers


def _uvicorn(name: str, folder: Path, *flags: str) -> Server:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", f"bench.contestants.{name}:app", f"--port={port}"]
    command += ["--loop=uvloop", "--http=httptools", *_files("--ssl-certfile", "--ssl-keyfile", folder)]
    return Server(name, [*command, *flags], port, folder)


def _go(name: str, folder: Path, *flags: str) -> Server:
    port = free_port()
    command = [str(program(name)), f"-listen=127.0.0.1:{port}", *_files("-cert", "-key", folder)]
    return Server(name, [*command, *flags], port, folder)


def _files(certificate: str, key: str, folder: Path) -> list[str]:
    return [f"{certificate}={folder / TLS_CERT}", f"{key}={folder / TLS_KEY}"]
