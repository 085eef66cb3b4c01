"""The Deployment `podtailor` as a process beside the control plane, where no container can run.

What a kubelet would do: take the arguments of the Deployment, run them as the ServiceAccount, wait until they
are ready, and only then end the old ones. Service and port of the webhook configuration
are led to that process; nothing else differs from a cluster.
"""

from __future__ import annotations

import base64
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.e2e.controlplane.cluster import ControlPlane, KubectlError
from tests.support.processes import eventually, free_port
from tests.support.server import Replica
from webhook.model.names import OWN_NAMESPACE

NAMESPACE = OWN_NAMESPACE
_PATHS = {
    "deployment": f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments",
    "mutatingwebhookconfiguration": "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "service": f"/api/v1/namespaces/{NAMESPACE}/services",
}


class Kubelet:
    """Plays one replica. `sync` makes what runs what the cluster says; `stop` ends it."""

    def __init__(self, cluster: ControlPlane, folder: Path) -> None:
        self._cluster = cluster
        self.folder = folder
        self._wanted: Any = None
        self._started = 0
        self._running: list[Replica] = []
        self.replica: Replica | None = None
        self._forwarded = 0

    def apply(self, overlay: str) -> None:
        """`kubectl apply -k`, and back once the API server has heard of it and calls what runs."""
        self._cluster.apply("--warnings-as-errors", "-k", overlay)
        self.follow()

    def follow(self) -> None:
        """Back once what the cluster says runs, and the API server trusts it."""
        self.sync()
        eventually("the caBundle is written", self.is_trusted)

    def delete(self, overlay: str) -> None:
        self._cluster.kubectl("delete", "-k", overlay, "--wait=false")
        self.sync()

    def try_sync(self) -> None:
        """As `sync`, while somebody else is at work: what has just been deleted is seen the next time."""
        try:
            self.sync()
        except (KubectlError, OSError):
            pass
        except AssertionError as error:
            print(error, file=sys.stderr)

    def sync(self) -> None:
        deployment = self._get("deployment", "podtailor")
        if deployment is None:
            self.stop()
            return
        arguments = deployment["spec"]["template"]["spec"]["containers"][0]["args"]
        # One that was deleted and made anew has new Pods too: the old one's token is good no more.
        wanted = (deployment["metadata"]["uid"], arguments)
        if wanted != self._wanted:
            self._wanted = wanted  # also where it does not start: the old one goes on, as in a rollout
            self.replica = self._start(arguments)
            self._running.append(self.replica)
        self._lead_here()
        while len(self._running) > 1:
            self._running.pop(0).stop()

    def is_trusted(self) -> bool:
        configuration = self._get("mutatingwebhookconfiguration", "podtailor")
        return bool(configuration and configuration["webhooks"][0]["clientConfig"].get("caBundle"))

    def restart(self) -> None:
        """Run again what has died."""
        self._wanted = None
        self.sync()

    def stop(self) -> None:
        while self._running:
            self._running.pop().stop()
        self.replica = self._wanted = None

    def _start(self, arguments: list[str]) -> Replica:
        self._started += 1
        folder = self.folder / f"replica-{self._started}"
        folder.mkdir(parents=True)
        port = free_port()
        command = [sys.executable, "-m", "webhook", *arguments]
        # It goes on answering while the API server hears of the next one's port.
        command += ["--host=127.0.0.1", f"--port={port}", "--health-port=0", "--shutdown-delay=1"]
        command += [
            f"--service-address=localhost:{port}",
            f"--kubeconfig={self._cluster.account('podtailor', folder)}",
        ]
        replica = Installed(command, folder, self._cluster)
        eventually("it is ready", lambda: replica.health("/readyz")[0] == 200)
        return replica

    def _lead_here(self) -> None:
        assert self.replica
        lead(self._cluster, self.replica.port)
        if self._forwarded != self.replica.port:
            self._cluster.forward(NAMESPACE, 9443, self.replica.port)
            self._forwarded = self.replica.port

    def _get(self, kind: str, name: str) -> Any:
        return found(self._cluster, kind, name)


def lead(cluster: ControlPlane, port: int) -> None:
    """To a process on loopback: Service and port are the one thing that it needs otherwise."""
    service = found(cluster, "service", "podtailor-webhook")
    if service and service["spec"]["type"] != "ExternalName":
        spec = {"type": "ExternalName", "externalName": "localhost", "clusterIP": None, "clusterIPs": None}
        _patch(cluster, "service", "podtailor-webhook", [{"op": "replace", "path": "/spec", "value": spec}])
    configuration = found(cluster, "mutatingwebhookconfiguration", "podtailor")
    if configuration and configuration["webhooks"][0]["clientConfig"]["service"]["port"] != port:
        operation = {"op": "replace", "path": "/webhooks/0/clientConfig/service/port", "value": port}
        _patch(cluster, "mutatingwebhookconfiguration", "podtailor", [operation])


def found(cluster: ControlPlane, kind: str, name: str) -> Any:
    """None where there is none."""
    return cluster.object(f"{_PATHS[kind]}/{name}")


def _patch(cluster: ControlPlane, kind: str, name: str, operations: list[dict[str, Any]]) -> None:
    words = (f"--namespace={NAMESPACE}", "--type=json", f"--patch={json.dumps(operations)}")
    cluster.kubectl("patch", kind, name, *words)


class Installed(Replica):
    """Trusted as the API server trusts it: by the caBundle, under the name of the Service."""

    is_named_localhost = False

    def __init__(self, command: list[str], folder: Path, cluster: ControlPlane) -> None:
        super().__init__(command, folder)
        self._cluster = cluster
        self._bundle = ""

    def authority(self) -> str:
        if not self._bundle:
            path = "{.webhooks[0].clientConfig.caBundle}"
            encoded = self._cluster.kubectl(
                "get", "mutatingwebhookconfiguration", "podtailor", f"--output=jsonpath={path}"
            )
            self._bundle = base64.b64decode(encoded).decode()
        return self._bundle


def emptied(folder: Path) -> Path:
    """A folder with nothing in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
