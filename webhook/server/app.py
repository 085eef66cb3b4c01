"""The two FastAPI apps: `/mutate` over TLS for the API server; probes and metrics over plain HTTP."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from webhook.model.text import MESSAGE_LENGTH, truncate
from webhook.server.protocol import BODY_COMPLETE, REVIEWED
from webhook.server.reviewer import Reviewer
from webhook.server.turns import Turns
from webhook.server.wire import BadReviewError

log = logging.getLogger("podtailor.server")

MUTATE = "/mutate"

# A Pod has at most 3 MiB (`MaxRequestBodyBytes` of the API server); a review may have two of them.
MAX_BYTES = 8 * 1024 * 1024
# Longer than the API server waits for an answer (`timeoutSeconds`: 2 s as shipped).
BODY_TIMEOUT_SECONDS = 10.0
# Reviews that wait for something, such as a namespace that the watch has not delivered yet.
MAX_IN_FLIGHT = 1000
# All bodies that are not answered yet: eight of the largest.
MAX_HELD_BYTES = 64 * 1024 * 1024
# Bodies up to this size are accepted even then; `MAX_CONNECTIONS` bounds them. The large review of
# bench/reviews has 30 KiB.
SMALL_BODY_BYTES = 64 * 1024

_UNAVAILABLE = HTTPStatus.SERVICE_UNAVAILABLE
_JSON = b"application/json"
_TEXT = b"text/plain; charset=utf-8"


class _RefusedError(Exception):
    """The request gets this status and message instead of a review."""

    def __init__(self, status: HTTPStatus, result: str, message: str) -> None:
        super().__init__(message)
        self.status, self.result = status, result


class _DisconnectedError(Exception):
    """The caller closed the connection."""


class Mutate:
    """`POST /mutate` as plain ASGI: no request model, no middleware, one copy of the body.

    Statuses: 200 for every decision, 400 and 413 for bad input, 503 if overloaded or not ready, 500 for a
    bug. Never with `Retry-After`, which would make the API server's client try again within its timeout.
    """

    def __init__(
        self,
        reviewer: Reviewer,
        is_draining: Callable[[], bool],
        waiting_for: Callable[[], str | None] = lambda: None,
        body_seconds: float = BODY_TIMEOUT_SECONDS,
    ) -> None:
        """`waiting_for`: what must be listed before a review can be decided; None once it is."""
        self._waiting_for = waiting_for
        self._reviewer = reviewer
        self._body_seconds = body_seconds
        self._is_draining = is_draining
        self._turns = Turns(reviewer.review, lambda: reviewer.waited_seconds)
        self.held_bytes = self._in_flight = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_unread = False
        try:
            body = await self._read_body(scope, receive)
            try:
                status, content_type, answer = HTTPStatus.OK, _JSON, await self._review(body, scope)
                scope[REVIEWED] = True
            finally:
                self.held_bytes -= len(body)
                del body  # sending the answer may take long
        except _DisconnectedError:
            return
        except _RefusedError as refused:
            status, content_type, answer = refused.status, _TEXT, _text(refused)
            self._record_refusal(refused.result, refused)
            is_unread = True  # the rest of the body is not read
        except BadReviewError as bad:
            status, content_type, answer = HTTPStatus.BAD_REQUEST, _TEXT, _text(bad)
            self._record_refusal("bad-request", bad)
        except Exception:
            log.exception("review failed")
            self._reviewer.metrics.count_failure("error")
            status, content_type, answer = HTTPStatus.INTERNAL_SERVER_ERROR, _TEXT, b"internal error\n"
        headers = [(b"content-type", content_type), (b"content-length", str(len(answer)).encode())]
        if self._is_draining() or is_unread:
            headers.append((b"connection", b"close"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def _review(self, body: bytes, scope: Scope) -> bytes:
        """Requests whose body is not complete are not in flight, so slow callers keep no one else out."""
        waiting_for = self._waiting_for()
        if waiting_for:
            # The failurePolicy decides, as without a replica. An allowed Pod would count as tailored.
            raise _RefusedError(_UNAVAILABLE, "not-ready", waiting_for)
        if self._in_flight >= MAX_IN_FLIGHT:
            raise _RefusedError(_UNAVAILABLE, "overloaded", "too many reviews at once")
        self._in_flight += 1
        try:
            return await self._turns.review(body, scope.get("client"))
        except TimeoutError:
            raise _RefusedError(
                _UNAVAILABLE, "overloaded", "too many large reviews before this one"
            ) from None
        finally:
            self._in_flight -= 1

    async def _read_body(self, scope: Scope, receive: Receive) -> bytes:
        """The whole body, counted in `held_bytes`. Raises _RefusedError if it is too large or too slow."""
        headers = dict(scope["headers"])
        content_type = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
        if content_type != _JSON:
            raise _RefusedError(
                HTTPStatus.BAD_REQUEST, "bad-request", "Content-Type must be application/json"
            )
        length = headers.get(b"content-length", b"0")
        if length.isdigit() and int(length) > MAX_BYTES:
            raise _too_large()
        if BODY_COMPLETE in scope:
            return await self._read_chunks(receive)
        try:
            async with asyncio.timeout(self._body_seconds):
                return await self._read_chunks(receive)
        except TimeoutError:
            message = f"the body did not arrive within {self._body_seconds:g} s"
            raise _RefusedError(HTTPStatus.BAD_REQUEST, "bad-request", message) from None

    async def _read_chunks(self, receive: Receive) -> bytes:
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
                if self.held_bytes > MAX_HELD_BYTES and size > SMALL_BODY_BYTES:
                    raise _RefusedError(_UNAVAILABLE, "overloaded", "too many large reviews at once")
                more = message.get("more_body", False)
        finally:
            if more:
                self.held_bytes -= size
        return b"".join(chunks)

    def _record_refusal(self, result: str, error: Exception) -> None:
        self._reviewer.metrics.count_failure(result)
        log.warning("review refused", extra={"result": result, "reason": str(error)})


def _too_large() -> _RefusedError:
    return _RefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "bad-request", f"the body is larger than {MAX_BYTES} bytes"
    )


def _text(error: Exception) -> bytes:
    return f"{truncate(str(error), MESSAGE_LENGTH)}\n".encode()


class MutatingApp(FastAPI):
    """Calls the endpoint of `POST /mutate` directly: router and middleware would cost half as much again.

    All other requests go through them.
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
    """`not_ready`: why the server should get no requests now, or None. `exposition`: the metrics as text."""
    app = FastAPI(openapi_url=None)

    @app.get("/livez")
    async def livez() -> Response:
        return Response("ok\n", media_type="text/plain")

    @app.get("/readyz")
    async def readyz() -> Response:
        reason = not_ready()
        return Response(
            f"{reason or 'ok'}\n",
            status_code=_UNAVAILABLE if reason else HTTPStatus.OK,
            media_type="text/plain",
        )

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(exposition(), media_type=CONTENT_TYPE_LATEST)

    return app
