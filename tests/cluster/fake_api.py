"""An HTTP server in place of the API server, for responses that a real one gives only by chance."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest
from kubernetes.client import ApiClient, Configuration

from tests.support.pods import Json
from webhook.supervision import Worker


class FakeApi:
    """Gives the responses in order; a request without one waits until the end."""

    def __init__(self) -> None:
        self._responses: deque[tuple[int, str]] = deque()
        self._changed = threading.Condition()
        self._over = threading.Event()
        self._watches_ended = 0
        self.requests: list[Json] = []
        """The query, or path and body, of each request."""
        self.every_list: Json | None = None
        """The response to all lists; the others are for watches then."""
        self.lists: dict[str, Json] = {}
        """By plural: the response to lists of one resource."""
        self.refused: dict[str, int] = {}
        """By plural: the status of all answers about one resource."""
        self.not_served = ""
        """Requests below this path get 404."""

    def respond(self, *bodies: str | Json, status: int = 200) -> None:
        """Respond to the next requests; a str is sent as it is."""
        with self._changed:
            self._responses.extend(
                (status, body if isinstance(body, str) else json.dumps(body)) for body in bodies
            )
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Until there were that many requests."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.requests) >= count, 20), self.requests

    def take(self, request: Json, path: str = "") -> tuple[int, str]:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
            every = self.lists.get(path.rpartition("/")[2], self.every_list)
            if every and "watch" not in request:
                return 200, json.dumps(every)
            before = self._watches_ended
            self._changed.wait_for(
                lambda: self._responses or self._over.is_set() or before < self._watches_ended
            )
            if self._responses:
                return self._responses.popleft()
            return (503 if self._over.is_set() else 200), ""

    def end_watches(self) -> None:
        """All that wait now, without an event."""
        with self._changed:
            self._watches_ended += 1
            self._changed.notify_all()

    def end(self) -> None:
        self._over.set()
        with self._changed:
            self._changed.notify_all()


@contextmanager
def fake_api() -> Iterator[tuple[FakeApi, ApiClient]]:
    fake = FakeApi()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if fake.not_served and self.path.startswith(fake.not_served):
                self.send_error(404)
                return
            asked = urlsplit(self.path)
            status = fake.refused.get(asked.path.rpartition("/")[2])
            if status:
                self.send_error(status)
                return
            self._answer({key: values[0] for key, values in parse_qs(asked.query).items()}, asked.path)

        def do_PATCH(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer({"method": self.command, "path": self.path, **json.loads(body)})

        def do_POST(self) -> None:
            self.do_PATCH()

        def _answer(self, request: Json, path: str = "") -> None:
            status, body = fake.take(request, path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    configuration = Configuration(host=f"http://127.0.0.1:{server.server_port}")
    configuration.retries = False
    try:
        with ApiClient(configuration) as api:
            yield fake, api
    finally:
        fake.end()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def running(worker: Worker, fake: FakeApi) -> Iterator[None]:
    """Ends the worker, and with it the requests that still wait."""
    worker.start()
    yield
    worker.stop()
    fake.end()
    worker.join(10)
    assert not worker.is_alive()


@pytest.fixture
def fake_cluster() -> Iterator[tuple[FakeApi, ApiClient]]:
    with fake_api() as pair:
        yield pair
