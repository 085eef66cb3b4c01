"""`podtailor serve --dev`: throwaway certificates, and an example Pod that is sent to the server."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from importlib.resources import as_file
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

from msgspec import Struct

from certs.files import CA_CERT, TLS_CERT, TLS_KEY, issue_to
from webhook.cli.common.terminal import console, print_diff
from webhook.documents.files import Document, read_file
from webhook.documents.yaml_edit import edited


class Example(Struct, frozen=True):
    """A Pod as the StatefulSet controller creates it, in a folder with its review and the certificates."""

    directory: Path
    document: Document
    host: str
    """The name by which clients on this machine connect."""

    @property
    def certificate(self) -> Path:
        return self.directory / TLS_CERT

    @property
    def key(self) -> Path:
        return self.directory / TLS_KEY

    @property
    def review(self) -> Path:
        return self.directory / "review.json"

    async def show(self, port: int, health_port: int) -> None:
        """Send the example, and print the result and how to repeat it."""
        response = (await asyncio.to_thread(self._send, port))["response"]
        out = console()
        if "patch" in response:
            patch = json.loads(base64.b64decode(response["patch"]))
            print_diff(self.document.text, edited(self.document, patch), "example-pod.yaml")
        else:
            out.print("Nothing changes in the example Pod.")
        for line in (*response.get("warnings", ()), *response.get("auditAnnotations", {}).values()):
            out.print(f"  {line}", markup=False, style="dim")
        host = f"[{self.host}]" if ":" in self.host else self.host
        out.print("\nSend it again:", style="bold")
        out.print(
            f"  curl --cacert {self.directory / CA_CERT} -H 'Content-Type: application/json' "
            f"--data @{self.review} https://{host}:{port}/mutate",
            markup=False,
        )
        out.print(
            f"\nServing on https://{host}:{port}/mutate, health on http://{host}:{health_port}/readyz",
            markup=False,
        )
        out.print("Ctrl-C stops.")

    def _send(self, port: int) -> dict[str, Any]:
        trust = ssl.create_default_context(cafile=self.directory / CA_CERT)
        connection = HTTPSConnection(self.host, port, context=trust, timeout=10)
        connection.request("POST", "/mutate", self.review.read_bytes(), {"Content-Type": "application/json"})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return answer


def prepare(directory: Path, listen_on: str) -> Example:
    """Write certificates for the names of this machine, and the review, into `directory`."""
    host = listen_on if listen_on not in ("127.0.0.1", "0.0.0.0", "::") else "localhost"  # noqa: S104 (compared, not bound)
    hosts = dict.fromkeys(["localhost", "127.0.0.1", "::1", host])
    issue_to(directory, list(hosts), datetime.now(UTC), timedelta(days=1))
    with as_file(resources("webhook.cli.serve") / "example-pod.yaml") as file:
        (document,) = read_file(str(file))
    pod = document.data
    review = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "00000000-0000-0000-0000-000000000001",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "operation": "CREATE",
            "namespace": pod["metadata"]["namespace"],
            "name": pod["metadata"]["name"],
            "dryRun": False,
            "object": pod,
        },
    }
    example = Example(directory, document, host)
    example.review.write_text(json.dumps(review))
    return example
