"""podtailor as a process: real uvicorn, real TLS, real signals."""

from __future__ import annotations

import http.client
import json
import ssl
import sys
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from certs.files import CA_CERT, TLS_CERT, TLS_KEY, issue_to
from certs.issue import service_hosts
from tests.support.pods import Json
from tests.support.processes import Process

HOSTS = [*service_hosts("podtailor-webhook", "podtailor-system"), "localhost"]


class Replica:
    """A running `serve`: its ports, logs and metrics."""

    is_named_localhost = True

    def __init__(self, command: list[str], folder: Path) -> None:
        self.process = Process("podtailor", command, folder / "podtailor.log")
        self.port, self.health_port = self.process.wait_for_line(_ports)

    def connection(self, client: Path | None = None) -> http.client.HTTPSConnection:
        """`client`: a file with a client certificate and its key."""
        trust = ssl.create_default_context(cadata=self.authority())
        trust.check_hostname = self.is_named_localhost
        if client:
            trust.load_cert_chain(client)
        return http.client.HTTPSConnection("localhost", self.port, context=trust, timeout=20)

    def post(
        self, body: bytes, content_type: str = "application/json", client: Path | None = None
    ) -> tuple[int, bytes]:
        connection = self.connection(client)
        try:
            connection.request("POST", "/mutate?timeout=2s", body, {"Content-Type": content_type})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def review(self, pod: Json, **request: Any) -> Json:
        """The response for a Pod."""
        status, body = self.post(json.dumps(review_of(pod, **request)).encode())
        assert status == 200, body
        answer: Json = json.loads(body)["response"]
        return answer

    def authority(self) -> str:
        """The CAs that signed its certificate, PEM."""
        raise NotImplementedError

    def health(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.health_port}{path}", timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def metric(self, name: str) -> float:
        """The sum of all series whose name and labels start with `name`."""
        lines = self.health("/metrics")[1].splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    def wait_for_log(self, message: str, seconds: float = 30) -> Json:
        """The first log line with this message."""

        def matching(text: str) -> Json | None:
            line: Json = json.loads(text)
            return line if line["message"] == message else None

        return self.process.wait_for_line(matching, seconds)

    def stop(self) -> int:
        return self.process.stop()


class Server(Replica):
    """One replica, with its certificates in `folder`."""

    def __init__(
        self,
        folder: Path,
        *flags: str,
        shutdown_delay: float = 0,
        program: tuple[str, ...] = ("-m", "webhook"),
    ) -> None:
        self.folder = folder
        if not (folder / TLS_CERT).exists():
            self.issue()
        command = [sys.executable, *program, "serve", "--host=127.0.0.1", "--port=0"]
        command += ["--health-port=0", f"--shutdown-delay={shutdown_delay}"]
        command += [f"--tls-cert-file={folder / TLS_CERT}", f"--tls-private-key-file={folder / TLS_KEY}"]
        super().__init__([*command, *flags], folder)

    def authority(self) -> str:
        return (self.folder / CA_CERT).read_text()

    def issue(self, validity: timedelta = timedelta(hours=1)) -> None:
        """Replace CA and certificate."""
        issue_to(self.folder, HOSTS, datetime.now(UTC), validity)


def review_of(pod: Json, **request: Any) -> Json:
    """An AdmissionReview as the API server sends it."""
    return {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "6f0c",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "requestKind": {"group": "", "version": "v1", "kind": "Pod"},
            "operation": "CREATE",
            "namespace": pod.get("metadata", {}).get("namespace", "default"),
            "name": pod.get("metadata", {}).get("name", ""),
            "userInfo": {"username": "system:serviceaccount:kube-system:replicaset-controller"},
            "dryRun": False,
            "options": {"apiVersion": "meta.k8s.io/v1", "kind": "CreateOptions"},
            "object": pod,
            "oldObject": None,
            **request,
        },
    }


def _ports(text: str) -> tuple[int, int] | None:
    try:
        line = json.loads(text)
    except ValueError:  # errors about arguments are plain text
        return None
    return (line["port"], line["health_port"]) if line["message"] == "serving" else None
