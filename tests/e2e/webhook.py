"""podtailor as a process beside the control plane, registered with its real manifests."""

from __future__ import annotations

import base64
import json
import ssl
import sys
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from certs.files import CA_CERT, TLS_CERT, TLS_KEY, issue_to
from certs.issue import service_hosts
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.controlplane.processes import Process, eventually
from tests.support.pods import Json, yaml

MANIFESTS = Path("manifests/base")
HOSTS = [*service_hosts("podtailor-webhook", "podtailor-system"), "localhost"]


class Webhook:
    """One replica. `register` makes the API server call it, as the manifests say."""

    def __init__(self, cluster: ControlPlane, folder: Path, *flags: str) -> None:
        self._cluster, self._folder = cluster, folder
        if not (folder / TLS_CERT).exists():
            issue_to(folder, HOSTS, datetime.now(UTC), timedelta(hours=1))
        command = [sys.executable, "-m", "webhook", "serve", "--host", "127.0.0.1"]
        command += ["--port", "0", "--health-port", "0", "--shutdown-delay", "0"]
        command += [
            "--tls-cert-file",
            str(folder / TLS_CERT),
            "--tls-private-key-file",
            str(folder / TLS_KEY),
        ]
        self.process = Process("podtailor", [*command, *flags], folder / "podtailor.log")
        self.port, self.health_port = self.process.wait_for_line(_ports)

    def register(self) -> None:
        """Apply the manifests, with the one change that a process on loopback needs: Service and port.

        Back once the API server calls us.
        """
        for name in ("namespace.yaml", "mutatingwebhookconfiguration.yaml"):
            obj = yaml((MANIFESTS / name).read_text())
            for hook in obj.get("webhooks", ()):
                hook["clientConfig"]["service"]["port"] = self.port
                ca = (self._folder / CA_CERT).read_bytes()
                hook["clientConfig"]["caBundle"] = base64.b64encode(ca).decode()
            self._cluster.kubectl("apply", "-f", "-", stdin=json.dumps(obj))
        service = yaml((MANIFESTS / "service.yaml").read_text())
        service["spec"] = {"type": "ExternalName", "externalName": "localhost"}
        self._cluster.kubectl("apply", "-f", "-", stdin=json.dumps(service))
        eventually("the API server calls the webhook", self._is_called)

    def _is_called(self) -> bool:
        probe = {"metadata": {"name": "probe"}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
        before = self.reviews()
        pod = {"apiVersion": "v1", "kind": "Pod", **probe}
        self._cluster.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod))
        return self.reviews() > before

    def reviews(self) -> float:
        """How many reviews have been asked so far, whatever came of them."""
        return self.metric("podtailor_admission_requests_total")

    def metric(self, name: str) -> float:
        url = f"http://127.0.0.1:{self.health_port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as response:
            lines = response.read().decode().splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    def review(self, pod: Json) -> Json:
        """Ask for a Pod directly, past the API server: the response."""
        request = {
            "uid": "u",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "operation": "CREATE",
            "namespace": pod["metadata"].get("namespace", "default"),
            "object": pod,
        }
        body = {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": request}
        post = urllib.request.Request(
            f"https://localhost:{self.port}/mutate",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        trust = ssl.create_default_context(cafile=self._folder / CA_CERT)
        with urllib.request.urlopen(post, context=trust, timeout=10) as response:
            answer: Json = json.loads(response.read())["response"]
            return answer

    def stop(self) -> int:
        return self.process.stop()


def _ports(line: str) -> tuple[int, int] | None:
    said: dict[str, Any] = json.loads(line)
    return (said["port"], said["health_port"]) if said["message"] == "serving" else None
