"""`podtailor serve --dev`: throwaway certificates, and one example sent through the real port."""

from __future__ import annotations

import asyncio
import base64
import copy
import json
import ssl
from datetime import UTC, datetime, timedelta
from http.client import HTTPSConnection
from importlib.resources import files as resources
from pathlib import Path
from typing import Any

import jsonpatch
from msgspec import Struct

from certs.files import CA_CERT, TLS_CERT, TLS_KEY, issue_to
from webhook import files
from webhook.cli.output import console, print_diff


class Example(Struct, frozen=True):
    """A Pod as a StatefulSet's controller creates it, in the review that the API server makes of it."""

    directory: Path
    pod: dict[str, Any]

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
        """Send the example, print what happens to it, and how to repeat it."""
        answer = await asyncio.to_thread(self._send, port)
        patch = json.loads(base64.b64decode(answer["response"]["patch"]))
        tailored = jsonpatch.apply_patch(copy.deepcopy(self.pod), patch)
        print_diff(_yaml(self.pod), _yaml(tailored), f"Pod {self.pod['metadata']['name']}")
        out = console()
        out.print("\nSend it again:", style="bold")
        out.print(
            f"  curl --cacert {self.directory / CA_CERT} -H 'Content-Type: application/json' "
            f"--data @{self.review} https://localhost:{port}/mutate"
        )
        out.print(
            f"\nServing on https://localhost:{port}/mutate, health on http://localhost:{health_port}/readyz"
        )
        out.print("Ctrl-C stops.")

    def _send(self, port: int) -> dict[str, Any]:
        trust = ssl.create_default_context(cafile=self.directory / CA_CERT)
        connection = HTTPSConnection("localhost", port, context=trust, timeout=10)
        connection.request("POST", "/mutate", self.review.read_bytes(), {"Content-Type": "application/json"})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        connection.close()
        return answer


def prepare(directory: Path) -> Example:
    """Issue certificates for this machine's own names, and lay the review beside them."""
    issue_to(
        directory, ["localhost", "127.0.0.1", "::1"], datetime.now(UTC), timedelta(days=1), overwrite=True
    )
    text = resources("webhook.cli").joinpath("example-pod.yaml").read_text()
    example = Example(directory, files.plain(files.parsed(text)))
    review = {
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "00000000-0000-0000-0000-000000000001",
            "kind": {"group": "", "version": "v1", "kind": "Pod"},
            "resource": {"group": "", "version": "v1", "resource": "pods"},
            "operation": "CREATE",
            "namespace": example.pod["metadata"]["namespace"],
            "name": example.pod["metadata"]["name"],
            "dryRun": False,
            "object": example.pod,
        },
    }
    example.review.write_text(json.dumps(review))
    return example


def _yaml(pod: dict[str, Any]) -> str:
    return files.dumped(files.Document("", 1, "", pod))
