"""A neighbour: programs built from a Go module in a folder beside this file, as processes on loopback.

Its custom resources and its webhook configuration are its own, read from that module when it starts.
"""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certs.files import issue_to
from tests.e2e.controlplane.build import Tool, built
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json
from tests.support.processes import Process, Started

HERE = Path(__file__).parent


class Neighbour(Started):
    """`start` brings its parts up and registers its webhook; `stop` ends and unregisters what `start` began."""

    name: str
    """In tables and pages."""
    configuration: str
    """Of its webhooks: the API server calls configurations in the order of their names."""

    late = ""
    """What the API server says if it does not answer for a Pod in time."""

    @property
    def undecided(self) -> tuple[str, ...]:
        """Fields of containers that it may set when it sees a Pod once more, whatever others do."""
        return ()

    def __init__(self, cluster: ControlPlane, folder: Path) -> None:
        """`folder` gets logs and a certificate for localhost (the names of its files are in certs/files.py)."""
        self.cluster = cluster
        self.folder = folder
        self._processes: list[Process] = []
        issue_to(folder, ["localhost"], *lifetime())

    def start(self) -> None:
        """Back once the API server calls it."""
        raise NotImplementedError

    def enable(self, namespace: str) -> None:
        """From now on it changes the Pods of this namespace, and of no other."""
        raise NotImplementedError

    def prepared(self, pod: Json) -> Json:
        """The Pod, with what it needs for the neighbour to look at it."""
        return pod

    @property
    def pids(self) -> list[int]:
        """Of what runs."""
        return [process.pid for process in self._processes]

    def run(self, name: str, tool: Tool, *flags: str, number: int = 0, **environment: str) -> Process:
        """The program of this name; the `number` is of a replica."""
        variables = [f"{key}={value}" for key, value in environment.items()]
        command = ["env", *variables, str(built(name, tool)), *flags]
        process = Process(name, command, self.folder / f"{name}-{number}.log")
        self._processes.append(process)
        return process

    def stop(self) -> None:
        self.cluster.kubectl(
            "delete", "mutatingwebhookconfiguration", self.configuration, "--ignore-not-found"
        )
        while self._processes:
            self._processes.pop().stop()


def lifetime() -> tuple[datetime, timedelta]:
    """Of a certificate: from now on."""
    return datetime.now(UTC), timedelta(hours=2)


def connects(port: int) -> bool:
    """Whether something listens on this port of loopback."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
