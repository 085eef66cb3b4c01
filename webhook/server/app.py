"""The two FastAPI apps: `/mutate` for the API server, and the plain port for kubelet and Prometheus."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from webhook.model.text import MESSAGE_LENGTH, truncate
from webhook.server.protocol import IS_WHOLE, REVIEWED
from webhook.server.reviewer import Reviewer
from webhook.server.turns import Turns
from webhook.server.wire import BadReviewError

log = logging.getLogger("podtailor.server")

MUTATE = "/mutate"

# A Pod is at most 3 MiB (`MaxRequestBodyBytes` of the API server); a review may hold two, and its envelope.
MAX_BYTES = 8 * 1024 * 1024
# The shipped configuration gives a call 2 s; a body that takes longer than this has nobody waiting for it.
BODY_SECONDS = 10.0
# Reviews whose answer waits for something, as for a new namespace to be heard of.
MAX_AT_ONCE = 1000
# Of bodies that came and are not answered yet, all together: eight of the largest.
MAX_HELD_BYTES = 64 * 1024 * 1024
# Up to here a body is taken however many large ones there are; `MAX_CONNECTIONS` bounds these. The large
# review of bench/reviews has 30 KiB.
ORDINARY_BYTES = 64 * 1024


class _RefusedError(Exception):
    """The request gets this status and message instead of an answer."""

    def __init__(self, status: int, result: str, message: str) -> None:
        super().__init__(message)
        self.status, self.result = status, result


class _DisconnectedError(Exception):
    """The caller has gone: there is nobody to answer."""


class Mutate:
    """`POST /mutate` as plain ASGI: no request model, no middleware, one copy of the body.

    Statuses: 200 for every decision, 400 and 413 for bad input, 503 when full or not ready, 500 for our own
    fault; never with `Retry-After`, which would make the API server's client try again within its timeout.
    """

    def __init__(
        self,
        reviewer: Reviewer,
        is_draining: Callable[[], bool],
        waits_for: Callable[[], str | None] = lambda: None,
        body_seconds: float = BODY_SECONDS,
    ) -> None:
        """`waits_for`: what is missing before a review can be decided; None once nothing is."""
        self._waits_for = waits_for
        self._reviewer = reviewer
        self._body_seconds = body_seconds
        self._is_draining = is_draining
        self._turns = Turns(reviewer.review, lambda: reviewer.waited_seconds)
        self.held_bytes = self._at_once = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        unread = False
        try:
            body = await self._body(scope, receive)
            try:
                status, content_type, answer = 200, b"application/json", await self._review(body, scope)
                scope[REVIEWED] = True
            finally:
                self.held_bytes -= len(body)
                del body  # the caller may take its time to read the answer
        except _DisconnectedError:
            return
        except _RefusedError as refused:
            status, content_type, answer = refused.status, b"text/plain; charset=utf-8", _text(refused)
            self._count(refused.result, refused)
            unread = True  # what is still on its way is not waited for
        except BadReviewError as bad:
            status, content_type, answer = 400, b"text/plain; charset=utf-8", _text(bad)
            self._count("bad-request", bad)
        except Exception:
            log.exception("review failed")
            self._reviewer.metrics.count_failure("error")
            status, content_type, answer = 500, b"text/plain; charset=utf-8", b"internal error\n"
        headers = [(b"content-type", content_type), (b"content-length", str(len(answer)).encode())]
        if self._is_draining() or unread:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _review(self, body: bytes, scope: Scope) -> bytes:
        """Callers that send nothing do not count: they keep nobody from being answered."""
        waits_for = self._waits_for()
        if waits_for:
            # By failurePolicy, as if nobody had answered: an allowed Pod would count as tailored.
            raise _RefusedError(503, "not-ready", waits_for)
        if self._at_once >= MAX_AT_ONCE:
            raise _RefusedError(503, "overloaded", "too many reviews at once")
        self._at_once += 1
        try:
            return await self._turns.review(body, scope.get("client"))
        except TimeoutError:
            raise _RefusedError(503, "overloaded", "too many large reviews before this one") from None
        finally:
            self._at_once -= 1

    async def _body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body, which is counted as held; refused once it is too large, too slow or too much."""
        headers = dict(scope["headers"])
        content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if content_type != b"application/json":
            raise _RefusedError(400, "bad-request", "Content-Type must be application/json")
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > MAX_BYTES:
            raise _too_large()
        if IS_WHOLE in scope:
            return await self._received(receive)
        try:
            async with asyncio.timeout(self._body_seconds):
                return await self._received(receive)
        except TimeoutError:
            slow = f"the body did not arrive within {self._body_seconds:g} s"
            raise _RefusedError(400, "bad-request", slow) from None

    async def _received(self, receive: Receive) -> bytes:
        chunks: list[bytes] = []
        size = 0
        more = True
        try:
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise _DisconnectedError
                chunk = message.get("body", b"")
                chunks.append(chunk)
                size += len(chunk)
                self.held_bytes += len(chunk)
                if size > MAX_BYTES:
                    raise _too_large()
                if self.held_bytes > MAX_HELD_BYTES and size > ORDINARY_BYTES:
                    raise _RefusedError(503, "overloaded", "too many large reviews at once")
                more = message.get("more_body", False)
        finally:
            if more:
                self.held_bytes -= size
        return b"".join(chunks)

    def _count(self, result: str, error: Exception) -> None:
        self._reviewer.metrics.count_failure(result)
        log.warning("review refused", extra={"result": result, "reason": str(error)})


def _too_large() -> _RefusedError:
    return _RefusedError(413, "bad-request", f"the body is larger than {MAX_BYTES} bytes")


def _text(error: Exception) -> bytes:
    return f"{truncate(str(error), MESSAGE_LENGTH)}\n".encode()


class MutatingApp(FastAPI):
    """`POST /mutate` goes straight to its endpoint: router and middlewares would cost half as much again.

    They see everything else, and say what there is instead.
    """

    def __init__(self, mutate: Mutate) -> None:
        super().__init__(openapi_url=None)
        self._mutate = mutate
        self.router.routes.append(Route(MUTATE, endpoint=mutate, methods=["POST"]))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == MUTATE and scope["method"] == "POST":
            await self._mutate(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


def health_app(not_ready: Callable[[], str | None], exposition: Callable[[], bytes]) -> FastAPI:
    """`not_ready` says why the server should get no requests now, or None; `exposition` what is counted."""
    app = FastAPI(openapi_url=None)

    @app.get("/livez")
    async def livez() -> Response:
        return Response("ok\n", media_type="text/plain")

    @app.get("/readyz")
    async def readyz() -> Response:
        reason = not_ready()
        return Response(f"{reason or 'ok'}\n", status_code=503 if reason else 200, media_type="text/plain")

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(exposition(), media_type=CONTENT_TYPE_LATEST)

    return app
