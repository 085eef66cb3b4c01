"""podtailor beside the control plane, registered with its real manifests."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from certs.files import CA_CERT
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import Json, pod, yaml
from tests.support.processes import eventually
from tests.support.server import Server

MANIFESTS = Path("manifests/base")


class Webhook(Server):
    """One replica. `register` makes the API server call it, as the manifests say."""

    def __init__(self, cluster: ControlPlane, folder: Path, *flags: str, shutdown_delay: float = 0) -> None:
        super().__init__(folder, *flags, shutdown_delay=shutdown_delay)
        self._cluster = cluster

    def register(self, name: str | None = None) -> None:
        """Back once the API server calls us; under another `name`, at another place among webhooks."""
        self.register_at(self.port, name)
        eventually("the API server calls the webhook", self._is_called)

    def register_at(self, port: int, name: str | None = None) -> None:
        """Apply the manifests, with the one change that a process on loopback needs: Service and port."""
        for file in ("namespace.yaml", "mutatingwebhookconfiguration.yaml"):
            obj = yaml((MANIFESTS / file).read_text())
            for hook in obj.get("webhooks", ()):
                if name:
                    obj["metadata"]["name"] = name
                    # Beside others, on two processors: a call that is late would be left out.
                    hook["timeoutSeconds"] = 10
                hook["clientConfig"]["service"]["port"] = port
                ca = (self.folder / CA_CERT).read_bytes()
                hook["clientConfig"]["caBundle"] = base64.b64encode(ca).decode()
            self._cluster.apply("--warnings-as-errors", "-f", "-", stdin=json.dumps(obj))
        service = yaml((MANIFESTS / "service.yaml").read_text())
        service["spec"] = {"type": "ExternalName", "externalName": "localhost"}
        self._cluster.apply("-f", "-", stdin=json.dumps(service))

    def knows(self, plural: str, made: Json) -> None:
        """Back once what the API server has just made, of the kind of this plural, is in force."""
        revision = float(made["metadata"]["resourceVersion"])
        series = f'podtailor_snapshot_revision{{kind="{plural}"}}'
        eventually("it is in force", lambda: self.metric(series) >= revision)

    def reviews(self) -> float:
        """How many reviews have been asked so far, whatever came of them."""
        return self.metric("podtailor_admission_requests_total")

    def _is_called(self) -> bool:
        before = self.reviews()
        self._cluster.kubectl("create", "--dry-run=server", "-f", "-", stdin=json.dumps(pod()))
        return self.reviews() > before
