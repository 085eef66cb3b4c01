"""A webhook that adds a container to Pods, after all others."""

from __future__ import annotations

import base64
import http.server
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from certs.files import CA_CERT, TLS_CERT, TLS_KEY, issue_to
from tests.e2e.controlplane.cluster import ControlPlane

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


@contextmanager
def injecting(cluster: ControlPlane, folder: Path) -> Iterator[None]:
    """Into Pods with the label `late: wanted`. It is called a moment later."""
    issue_to(folder, ["localhost"], datetime.now(UTC), timedelta(hours=1))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / TLS_CERT, folder / TLS_KEY)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Injector)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    hook = {
        "name": "late.example.com",
        "clientConfig": {
            "url": f"https://localhost:{server.server_port}/",
            "caBundle": base64.b64encode((folder / CA_CERT).read_bytes()).decode(),
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
        cluster.apply("-f", "-", stdin=json.dumps(configuration))
        yield
    finally:
        cluster.kubectl("delete", "mutatingwebhookconfiguration", "zz-late", "--ignore-not-found")
        server.shutdown()
        server.server_close()
        serving.join()
