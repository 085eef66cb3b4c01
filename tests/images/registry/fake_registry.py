"""A server in place of registries, for faults that a real one has by chance. Real sockets and TLS, all names on loopback.

It writes down each request with the host that it was for, so that tests see where credentials went.
"""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from certs.files import CA_CERT, TLS_CERT, TLS_KEY

HOST, ELSEWHERE, TOKENS = "registry.test", "elsewhere.test", "tokens.test"
HOSTS = [HOST, ELSEWHERE, TOKENS]
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Reply(NamedTuple):
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = _NO_HEADERS
    missing: int = 0
    """Bytes that are announced and never sent."""
    drips: str = ""
    """`headers` or `body`: sends a little of it now and then, and never ends."""


class Request(NamedTuple):
    host: str
    """Without port."""
    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def authorization(self) -> str | None:
        return self.headers.get("Authorization")


def encoded(document: Any) -> bytes:
    return json.dumps(document).encode()


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


def index(*platforms: str, **more: Any) -> bytes:
    """Each `os/architecture` or `os/architecture/variant`."""
    entries = []
    for each in platforms:
        names = ("os", "architecture", "variant")
        platform = dict(zip(names, each.split("/"), strict=False))
        digest = digest_of(each.encode())
        entries.append({"mediaType": MANIFEST, "digest": digest, "size": 1, "platform": platform})
    return encoded({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries, **more})


def image(architecture: str, os: str = "linux", **more: Any) -> tuple[bytes, bytes]:
    """A manifest and its configuration."""
    config = encoded({"architecture": architecture, "os": os, **more})
    described = {"mediaType": CONFIG, "digest": digest_of(config), "size": len(config)}
    return encoded({"schemaVersion": 2, "mediaType": MANIFEST, "config": described, "layers": []}), config


class Contents:
    """The repository `app`: what a registry without faults answers."""

    def __init__(self, tags: Mapping[str, bytes], *others: bytes) -> None:
        """`others`: manifests without a tag, and blobs."""
        self._tags = tags
        self._by_digest = {digest_of(each): each for each in (*tags.values(), *others)}

    def reply(self, request: Request) -> Reply:
        name, _, wanted = request.path.removeprefix("/v2/app/").partition("/")
        body = self._tags.get(wanted) or self._by_digest.get(wanted)
        if body is None or name not in {"manifests", "blobs"}:
            return Reply(404)
        kind = json.loads(body).get("mediaType", "application/octet-stream")
        return Reply(200, body, {"Content-Type": kind, "Docker-Content-Digest": digest_of(body)})


class FakeRegistry:
    def __init__(self, port: int, reply: Callable[[Request], Reply]) -> None:
        self.port = port
        self.reply = reply
        self.requests: list[Request] = []
        self.over = threading.Event()

    @property
    def host(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def asked(self) -> list[str]:
        return [f"{each.method} {each.path}" for each in self.requests]


def trust(certificates: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certificates / CA_CERT)


@contextmanager
def fake_registry(certificates: Path, reply: Callable[[Request], Reply]) -> Iterator[FakeRegistry]:
    """`certificates`: the folder with those of `HOSTS`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # headers and body in one packet: the second would wait for the first

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            host = self.headers["Host"].partition(":")[0]
            request = Request(host, self.command, self.path, dict(self.headers), body)
            fake.requests.append(request)
            made = fake.reply(request)
            self.send_response(made.status)
            for key, value in made.headers.items():
                self.send_header(key, value)
            if made.drips != "body":  # that ends with its connection
                self.send_header("Content-Length", str(len(made.body) + made.missing))
            self.flush_headers()
            if made.drips == "body":
                self.end_headers()
            while made.drips and not fake.over.wait(0.02):
                self.wfile.write(b"X: 1\r\n")
                self.wfile.flush()
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(made.body)
            self.close_connection = True

        do_HEAD = do_POST = do_GET  # noqa: N815 - the names that http.server calls

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """A client that does not trust us, or has heard enough."""

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates / TLS_CERT, certificates / TLS_KEY)
    server = Server(("127.0.0.1", 0), Handler)
    # The handshake in the thread of the connection: a client that does not trust us would end the server.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    fake = FakeRegistry(server.server_port, reply)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        fake.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
