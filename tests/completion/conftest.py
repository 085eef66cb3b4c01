"""An API server of one's own, and a kubeconfig for it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Objects = dict[str, list[str]]

OBJECTS: Objects = {
    "/api/v1/namespaces": ["shop", "staging"],
    "/api/v1/namespaces/shop/pods": ["web-1", "web-2", "db-0"],
    "/api/v1/namespaces/other/pods": ["lonely"],
    "/apis/apps/v1/namespaces/shop/deployments": ["web", "worker"],
    "/apis/podtailor.dev/v1alpha1/clusterworkloadpolicies": ["models"],
}


class Api:
    """Serves names, to those who send the token if there is one."""

    def __init__(self) -> None:
        self.token = ""
        self.requests: list[str] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                api.requests.append(self.path)
                is_known = not api.token or self.headers["Authorization"] == f"Bearer {api.token}"
                names = OBJECTS.get(self.path.partition("?")[0])
                body = json.dumps({"items": [{"metadata": {"name": each}} for each in names or ()]}).encode()
                self.send_response(401 if not is_known else 200 if names else 404)
                self.end_headers()
                self.wfile.write(body if is_known else b"{}")

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def api() -> Iterator[Api]:
    api = Api()
    thread = threading.Thread(target=api.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield api
    api.server.shutdown()
    thread.join()
    api.server.server_close()


@pytest.fixture
def kubeconfig(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In YAML, and the one that is used: a context in namespace shop, and another."""
    path = tmp_path / "config"
    path.write_text(f"""
apiVersion: v1
kind: Config
current-context: shop
contexts:
- {{name: shop, context: {{cluster: own, user: me, namespace: shop}}}}
- {{name: "arn:aws:eks:eu-1:cluster/prod", context: {{cluster: own, user: me}}}}
clusters:
- {{name: own, cluster: {{server: "{api.address}"}}}}
users:
- {{name: me, user: {{}}}}
""")
    monkeypatch.setenv("KUBECONFIG", str(path))
    for name in ("PODTAILOR_KUBECONFIG", "PODTAILOR_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    return path
