"""The webhooks that are measured, each a process on loopback with TLS, and what they use."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bench import reviews
from bench.programs import program
from certs.files import CA_CERT, TLS_CERT, TLS_KEY, issue_to
from tests.support.pods import Json
from tests.support.processes import free_port

ROOT = Path(__file__).parent.parent
_IMPATIENT = 0.002
_MAX_SECONDS = 60


class Used(NamedTuple):
    """By a process so far."""

    cpu: float
    """Seconds, user and system, of all its threads."""
    mib: float
    """Resident now."""


class Server:
    """Running. `url` and `ca` are for whoever calls it."""

    def __init__(self, name: str, command: Sequence[str], port: int, folder: Path) -> None:
        """Back once it answers. `folder` has the certificates, and gets what the server says."""
        self.name, self.port, self.ca = name, port, folder / CA_CERT
        self.url = f"https://localhost:{port}/mutate"
        self._log = (folder / f"{name}-{port}.log").open("wb")
        started = time.perf_counter()
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=self._log, stderr=self._log)
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        self.start_up = time.perf_counter() - started
        """Seconds to its first answer."""

    @property
    def pid(self) -> int:
        return self._process.pid

    def used(self) -> Used:
        return used(self.pid)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()
        self._log.close()

    def _wait(self) -> None:
        body = reviews.many(reviews.recorded("small"), 1)[0].encode()
        deadline = time.monotonic() + _MAX_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                self.ask(body)
            except OSError:
                time.sleep(_IMPATIENT)
            else:
                return
        raise AssertionError(f"{self.name} does not answer: {Path(self._log.name).read_text()[-2000:]}")

    def ask(self, body: bytes) -> Json:
        """The answer to one review."""
        trust = ssl.create_default_context(cafile=self.ca)
        asked = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(asked, context=trust, timeout=10) as response:
            answer: Json = json.load(response)["response"]
            return answer


def used(pid: int) -> Used:
    """Of a process, from the kernel's own account of it, threads that have ended included."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return Used(time.clock_gettime(_clock(pid)), pages * os.sysconf("SC_PAGE_SIZE") / 1024**2)


def _clock(pid: int) -> int:
    """As clock_getcpuclockid(3) makes it."""
    return (~pid << 3) | 2


def certificates(folder: Path) -> Path:
    issue_to(folder, ["localhost"], datetime.now(UTC), timedelta(days=1))
    return folder


def podtailor(folder: Path, *flags: str, name: str = "podtailor") -> Server:
    """The built-ins strict, its log line on; `flags` are more of `serve`."""
    port = free_port()
    command = [sys.executable, "-m", "webhook", "serve", "--host=127.0.0.1", f"--port={port}"]
    command += [
        "--health-port=0",
        "--shutdown-delay=0",
        *_files("--tls-cert-file", "--tls-private-key-file", folder),
    ]
    return Server(name, [*command, "--builtin=strict", *flags], port, folder)


def bare(folder: Path) -> Server:
    """Without all that it can do without."""
    leave_out = ("--no-access-log", "--no-proxy-headers", "--no-server-header", "--lifespan=off")
    return _uvicorn("bare", folder, *leave_out)


def naive(folder: Path) -> Server:
    """With the access log that it comes with."""
    return _uvicorn("naive", folder)


def typed(folder: Path) -> Server:
    return _go("typed", folder)


def lean(folder: Path, patch: Path | None = None) -> Server:
    """Its patch is made for one Pod; nobody else could apply the one that it has without."""
    if patch is None:
        patch = folder / "patch.json"
        patch.write_text(
            '[{"op":"add","path":"/metadata/annotations","value":{"podtailor.dev/applied":"{}"}}]'
        )
    return _go("lean", folder, f"-patch={patch}")


@contextmanager
def running(*starts: Callable[[], Server]) -> Iterator[list[Server]]:
    """One after the other; all are stopped, also where one does not start."""
    with ExitStack() as stack:
        servers = []
        for start in starts:
            server = start()
            stack.callback(server.stop)
            servers.append(server)
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
