"""An HTTP server that says what a test wrote down: for answers that no API server gives when it is asked to."""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from kubernetes.client import ApiClient, Configuration

from tests.support.pods import Json


class Answers:
    """The answers, in their order; the last question without one waits until the end."""

    def __init__(self) -> None:
        self._given: deque[tuple[int, str]] = deque()
        self._grown = threading.Condition()
        self._over = threading.Event()
        self.asked: list[Json] = []
        """Query, or the body, of each question."""
        self.every_list: Json | None = None
        """The answer to whoever lists; the others are for those who watch."""
        self.lists: dict[str, Json] = {}
        """By the plural of a kind, the answer to whoever lists that."""
        self.not_served = ""
        """What is asked for below this path is not there."""

    def give(self, *bodies: str | Json, status: int = 200) -> None:
        """The answers to the next questions; a str as it stands."""
        with self._grown:
            self._given.extend(
                (status, body if isinstance(body, str) else json.dumps(body)) for body in bodies
            )
            self._grown.notify_all()

    def wait_for(self, count: int) -> None:
        """Until that many questions have been asked."""
        with self._grown:
            assert self._grown.wait_for(lambda: len(self.asked) >= count, 20), self.asked

    def take(self, question: Json, path: str = "") -> tuple[int, str]:
        with self._grown:
            self.asked.append(question)
            self._grown.notify_all()
            every = self.lists.get(path.rpartition("/")[2], self.every_list)
            if every and "watch" not in question:
                return 200, json.dumps(every)
            self._grown.wait_for(lambda: self._given or self._over.is_set())
            return self._given.popleft() if self._given else (503, "")

    def end(self) -> None:
        self._over.set()
        with self._grown:
            self._grown.notify_all()


@contextmanager
def answering() -> Iterator[tuple[Answers, ApiClient]]:
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if answers.not_served and self.path.startswith(answers.not_served):
                self.send_error(404)
                return
            asked = urlsplit(self.path)
            self._answer({key: values[0] for key, values in parse_qs(asked.query).items()}, asked.path)

        def do_PATCH(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer({"path": self.path, **json.loads(body)})

        def _answer(self, question: Json, path: str = "") -> None:
            status, body = answers.take(question, path)
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
            yield answers, api
    finally:
        answers.end()
        server.shutdown()
        thread.join()
        server.server_close()
