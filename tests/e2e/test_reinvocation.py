"""Another webhook adds a container after us: the API server asks us again, and it is tailored too."""

from __future__ import annotations

import base64
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from certs.files import CA_CERT, TLS_CERT, TLS_KEY, issue_to
from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import pod
from tests.support.processes import eventually
from webhook.model.names import APPLIED

SIDECAR = {"name": "late", "image": "example.com/late:1"}


class _Injector(http.server.BaseHTTPRequestHandler):
    """Adds a container, once a Pod."""

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        names = [container["name"] for container in review["request"]["object"]["spec"]["containers"]]
        response: dict[str, Any] = {"uid": review["request"]["uid"], "allowed": True}
        if "late" not in names:
            patch = [{"op": "add", "path": "/spec/containers/-", "value": SIDECAR}]
            response |= {
                "patchType": "JSONPatch",
                "patch": base64.b64encode(json.dumps(patch).encode()).decode(),
            }
        answer = json.dumps({**review, "response": response}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@pytest.fixture
def injector(cluster: ControlPlane, tmp_path: Path) -> Iterator[None]:
    issue_to(tmp_path, ["localhost"], datetime.now(UTC), timedelta(hours=1))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / TLS_CERT, tmp_path / TLS_KEY)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Injector)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    hook = {
        "name": "late.example.com",
        "clientConfig": {
            "url": f"https://localhost:{server.server_port}/",
            "caBundle": base64.b64encode((tmp_path / CA_CERT).read_bytes()).decode(),
        },
        "rules": [
            {"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}
        ],
        "objectSelector": {"matchLabels": {"late": "wanted"}},
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
    }
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "zz-late"},  # webhooks are called in the order of these names
        "webhooks": [hook],
    }
    try:
        cluster.kubectl("apply", "-f", "-", stdin=json.dumps(configuration))
        yield
    finally:
        cluster.kubectl("delete", "mutatingwebhookconfiguration", "zz-late", "--ignore-not-found")
        server.shutdown()
        server.server_close()
        serving.join()


@pytest.mark.usefixtures("injector")
def test_container_that_comes_after_us_is_tailored(client: Client, namespace: str) -> None:
    manifest = pod(metadata="labels: {late: wanted}")

    def injected() -> Any:
        created = client.create(namespace, manifest, dry_run=True)
        return created if len(created["spec"]["containers"]) > 1 else None

    created = eventually("the other webhook is called", injected)
    app, late = created["spec"]["containers"]
    assert late["resources"]["requests"] == app["resources"]["requests"] == {"cpu": "100m", "memory": "256Mi"}
    assert late["resizePolicy"] == app["resizePolicy"]
    fields = json.loads(created["metadata"]["annotations"][APPLIED])["general"]
    assert {"app:requests.cpu", "late:requests.cpu"} <= set(fields)
