"""Replicas of what is installed, behind a balancer, replaced as a Deployment would."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from tests.e2e.balancer import Balancer
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.kubelet import Installed, lead
from tests.support.processes import eventually

# Certificates live for seconds, and look after themselves as they do for years.
LIFETIMES = (
    "--tls-validity=12s",
    "--ca-validity=24s",
    "--ca-overlap=4s",
    "--clock-skew=5s",
    "--renew-at=0.67",
)


class Replicas:
    """Installs podtailor. `flags` are the server's beside those of the manifests."""

    def __init__(self, cluster: ControlPlane, balancer: Balancer, folder: Path, *flags: str) -> None:
        self._cluster, self._balancer, self._folder = cluster, balancer, folder
        self._flags = flags
        self._count = 0
        self.running: list[Installed] = []
        self._gone: list[Installed] = []
        cluster.apply("-k", "manifests/overlays/cluster-wide")
        lead(cluster, balancer.port)

    def start(self) -> None:
        """Back once it is in rotation."""
        folder = self._folder / str(self._count)
        folder.mkdir()
        self._count += 1
        command = [sys.executable, "-m", "webhook", "serve", "--tls-secret=podtailor-webhook-tls"]
        command += ["--from-cluster", "--host=127.0.0.1", "--port=0", "--health-port=0", "--shutdown-delay=2"]
        command += [f"--service-address=localhost:{self._balancer.port}", *self._flags]
        command += [f"--kubeconfig={self._cluster.account('podtailor', folder)}"]
        replica = Installed(command, folder, self._cluster)
        eventually("it is ready", lambda: replica.health("/readyz")[0] == 200)
        self.running.append(replica)
        self._balancer.add(replica)

    def replace(self) -> None:
        """A new one is ready before an old one ends."""
        self.start()
        old = self.running.pop(0)
        self._gone.append(old)  # who calls hears of it from the probes alone, and late
        code = old.stop()
        assert code == 0, f"exit {code}: {old.process.tail()}"

    def kill(self) -> None:
        """One, as if its Node had gone."""
        killed = self.running.pop(0)
        self._gone.append(killed)
        killed.process.signal(signal.SIGKILL)
        killed.process.wait()

    def count_logged(self, message: str) -> int:
        """How often any of them has logged this."""
        lines = (line for each in (*self.running, *self._gone) for line in each.process.lines)
        return sum(f'"message":"{message}"' in line for line in lines)

    def stop(self) -> None:
        for replica in self.running:
            replica.stop()
        for replica in (*self.running, *self._gone):
            self._balancer.remove(replica)
        self._cluster.kubectl("delete", "-k", "manifests/overlays/cluster-wide", "--ignore-not-found")
