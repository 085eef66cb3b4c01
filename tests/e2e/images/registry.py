"""The reference registry and crane, built once from their Go modules.

python -m tests.e2e.images.registry     # build, print where they are
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

from urllib3.util import make_headers

from certs.files import CA_CERT, TLS_CERT, TLS_KEY
from tests.e2e.controlplane.build import Tool, built
from tests.e2e.images.forms import Form
from tests.images.registry.fake_registry import digest_of, trust
from tests.support.processes import Process, Started, ends_with_us

_HERE = Path(__file__).parent
_DISTRIBUTION = Tool(_HERE / "distribution", "github.com/distribution/distribution/v3/cmd/registry")
_CRANE = Tool(_HERE / "crane", "github.com/google/go-containerregistry/cmd/crane")
USER, PASSWORD = "reader", "secret"
# Of them, as `htpasswd -nbB` writes it: at the lowest cost.
HTPASSWD = "reader:$2b$04$0JWtpFGf7zqnZ7pIqCOEDO6qfXrH3EiWv/dd1AXsUZvWDA2U.GOW6\n"
_LISTENING = re.compile(r"listening on 127\.0\.0\.1:(\d+), tls")


class Distribution(Started):
    """Of a folder of its own, at `localhost` by TLS."""

    def __init__(self, folder: Path, certificates: Path, **more: Any) -> None:
        """`more`: of its configuration."""
        self.folder = folder
        self.certificates = certificates
        self._config = {
            "version": "0.1",
            "log": {"accesslog": {"disabled": False}},
            "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
            "http": {
                "addr": "127.0.0.1:0",
                "secret": "of uploads",
                "tls": {
                    "certificate": str(certificates / TLS_CERT),
                    "key": str(certificates / TLS_KEY),
                },
            },
            **more,
        }
        self._process: Process | None = None
        self.host = ""

    def start(self) -> None:
        config = self.folder / "config.yaml"
        config.write_text(json.dumps(self._config))
        command = [str(built("registry", _DISTRIBUTION)), "serve", str(config)]
        self._process = Process("registry", command, self.folder / "registry.log")
        self.host = f"localhost:{self._process.wait_for_line(_port)}"

    def stop(self) -> None:
        if self._process:
            self._process.stop()

    def push(self, repository: str, body: bytes, tag: str = "", authorization: str = "") -> str:
        """A manifest, or without `mediaType` a blob. Returns its digest."""
        digest = digest_of(body)
        kind = json.loads(body).get("mediaType")
        if kind:
            where = f"/v2/{repository}/manifests/{tag or digest}"
            self._send("PUT", where, body, kind, authorization)
            return digest
        place = self._send("POST", f"/v2/{repository}/blobs/uploads/", b"", "", authorization)
        self._send("PUT", f"{place}&digest={digest}", body, "application/octet-stream", authorization)
        return digest

    def push_form(self, repository: str, form: Form, tag: str, authorization: str = "") -> str:
        """Returns the digest of what the tag stands for."""
        for each in (*form.blobs, *form.manifests[:-1]):
            self.push(repository, each, authorization=authorization)
        return self.push(repository, form.manifests[-1], tag, authorization)

    def _send(self, method: str, where: str, body: bytes, kind: str, authorization: str) -> str:
        """The Location that it answers with."""
        url = where if where.startswith("https:") else f"https://{self.host}{where}"
        request = Request(url, data=body, method=method)
        for name, value in {"Content-Type": kind, "Authorization": authorization}.items():
            if value:
                request.add_header(name, value)
        with urlopen(request, context=trust(self.certificates), timeout=30) as response:
            return str(response.headers["Location"])


def _port(line: str) -> int | None:
    found = _LISTENING.search(line)
    return int(found[1]) if found else None


def basic() -> str:
    """The header with user and password."""
    return make_headers(basic_auth=f"{USER}:{PASSWORD}")["authorization"]


def crane(certificates: Path, *arguments: str) -> str:
    """What it prints."""
    environment = {**os.environ, "SSL_CERT_FILE": str(certificates / CA_CERT)}
    command = ends_with_us([str(built("crane", _CRANE)), *arguments])
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


if __name__ == "__main__":
    for name, tool in (("registry", _DISTRIBUTION), ("crane", _CRANE)):
        print(built(name, tool))
