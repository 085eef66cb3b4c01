"""A server in place of Prometheus, for answers that a real one gives only by chance. Real sockets."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import parse_qs

from certs.files import TLS_CERT, TLS_KEY

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Reply(NamedTuple):
    status: int
    body: str
    headers: Mapping[str, str] = _NO_HEADERS
    missing: int = 0
    """Bytes that are announced and never sent."""
    drips: bool = False
    """Sends a byte now and then, and never ends."""


def answer(kind: str, *rows: Any, **more: Any) -> Reply:
    return Reply(200, json.dumps({"status": "success", "data": {"resultType": kind, "result": rows}, **more}))


def error(status: int, kind: str, text: str) -> Reply:
    return Reply(status, json.dumps({"status": "error", "errorType": kind, "error": text}))


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    form: dict[str, str]

    @property
    def query(self) -> str:
        return self.form["query"]


class FakePrometheus:
    def __init__(self, url: str, reply: Callable[[Request], Reply | None]) -> None:
        self.url = url
        self.reply = reply
        """None: no answer, until the test ends."""
        self.requests: list[Request] = []
        self.over = threading.Event()


@contextmanager
def fake_prometheus(
    reply: Callable[[Request], Reply | None], certificates: Path | None = None
) -> Iterator[FakePrometheus]:
    """`certificates`: the folder with those of a server of HTTPS."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 16  # headers and body in one packet: the second would wait for the first

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {key: values[0] for key, values in parse_qs(body).items()}
            request = Request(self.path, dict(self.headers), form)
            fake.requests.append(request)
            made = fake.reply(request)
            if made is None:
                fake.over.wait()
                self.close_connection = True
                return
            content = made.body.encode()
            self.send_response(made.status)
            for key, value in made.headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(content) + made.missing))
            self.end_headers()
            self.wfile.write(content)
            while made.drips and not fake.over.wait(0.02):
                self.wfile.write(b" ")
                self.wfile.flush()
            self.close_connection = bool(made.missing)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificates:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificates / TLS_CERT, certificates / TLS_KEY)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    fake = FakePrometheus(f"{'https' if certificates else 'http'}://127.0.0.1:{server.server_port}", reply)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield fake
    finally:
        fake.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
