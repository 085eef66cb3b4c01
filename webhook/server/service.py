"""Both servers of one replica: start, serve, drain, stop."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import gc
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, Protocol

import uvicorn
import uvloop
from prometheus_client import generate_latest

from webhook.engine.snapshot import Snapshot
from webhook.errors import InputError
from webhook.model.denial import Denial
from webhook.policies.merge import Update
from webhook.server import protocol
from webhook.server.app import Mutate, MutatingApp, health_app
from webhook.server.limits import Limits
from webhook.server.metrics import Metrics
from webhook.server.protocol import HANDSHAKE_SECONDS
from webhook.server.reviewer import Reviewer
from webhook.server.settings import Settings
from webhook.server.tls import Tls

log = logging.getLogger("podtailor.server")

# The API server closes idle connections after 90 s (Go's DefaultTransport). If podtailor closed them first, a
# review could be sent on a closed connection, and is not retried.
_KEEP_ALIVE_SECONDS = 120
# After the drain, for requests that are still being answered.
_LAST_ANSWERS_SECONDS = 5
# The kernel's buffer for each connection: small, because many may send at once.
_RECEIVE_BYTES = 64 * 1024
# Blocks of at least this size return to the kernel when freed. By default glibc raises the threshold, and
# then small blocks between large ones keep the heap from shrinking (mallopt(3), M_MMAP_THRESHOLD).
_M_MMAP_THRESHOLD, _MAPPED_BYTES = -3, 64 * 1024

# Called with both port numbers once they accept connections.
Started = Callable[[int, int], Awaitable[None]]


class Source(Protocol):
    """Produces snapshots in its own threads."""

    def start(self, on_update: Callable[[Update], object]) -> None: ...

    def stop(self) -> None: ...

    def unsynced_kinds(self) -> list[str]:
        """The kinds that have not been listed yet."""

    def age(self) -> float:
        """Seconds since the API server last sent anything."""


class Feedback(Protocol):
    """Tells the cluster what becomes of its Pods, in its own threads: Events, and the status of policies."""

    @property
    def matched(self) -> dict[str, int]:
        """Real Pods by `Policy.key`, for the server to increase."""

    def report_denial(self, denial: Denial) -> None:
        """Returns at once."""

    def event_counts(self) -> Mapping[str, int]:
        """Writes of Events, and what was dropped, by result."""


class _Loop(uvloop.Loop):
    """Limits TLS handshakes to HANDSHAKE_SECONDS; uvicorn cannot set it."""

    async def create_server(  # type: ignore[override]  # as uvicorn calls it
        self, *args: Any, **options: Any
    ) -> asyncio.AbstractServer:
        if options.get("ssl"):
            options["ssl_handshake_timeout"] = HANDSHAKE_SECONDS
        return await super().create_server(*args, **options)


class _Server(uvicorn.Server):
    """uvicorn without signal handlers: Service stops its two servers in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Service:
    """One replica with both of its ports."""

    def __init__(
        self,
        settings: Settings,
        snapshot: Snapshot,
        source: Source | None = None,
        is_trusted: Callable[[], bool] | None = None,
        feedback: Feedback | None = None,
    ) -> None:
        """`snapshot` is in force until `source` has a complete one.

        `is_trusted`: whether API servers trust the serving certificate; None if podtailor does not rotate it.
        Raises CertificateError, and InputError if a port cannot be bound.
        """
        self._settings = settings
        metrics = Metrics()
        self.reviewer = Reviewer(
            snapshot,
            metrics,
            feedback.report_denial if feedback else None,
            feedback.matched if feedback else None,
        )
        self._source = source
        # Policy files have been read already.
        self._complete = source is None or not source.unsynced_kinds()
        self._draining = False
        self._stop = asyncio.Event()
        self._tls = Tls(
            settings.tls_cert_file, settings.tls_private_key_file, settings.client_ca_file, metrics
        )
        self._socket = _listen(settings.host, settings.port, "--port")
        self._health_socket = _listen(settings.host, settings.health_port, "--health-port")
        if is_trusted:
            metrics.observe_trust(is_trusted)
        if feedback:
            metrics.observe_events(feedback.event_counts)
        if source:
            metrics.observe_source(source.age, source.unsynced_kinds())
        mutate = Mutate(self.reviewer, lambda: self._draining, self._waiting_for)
        tls = self._tls.context
        self._server = _Server(
            _config(
                MutatingApp(mutate),
                ssl_context_factory=lambda _config, _default: tls,
                timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            )
        )
        self._health = _Server(_config(health_app(self._not_ready, self._exposition)))

    async def run(self, started: Started | None = None) -> None:
        """Serve until SIGTERM, which drains first, or SIGINT."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._drain)
        loop.add_signal_handler(signal.SIGINT, self._stop.set)
        gc.collect()
        gc.freeze()  # all objects so far stay: the collector need not traverse them
        if self._source:
            self._source.start(lambda update: loop.call_soon_threadsafe(self._swap, update))
        try:
            await self._serve(started)
        finally:
            self.reviewer.recorder.flush()
        if self._source:
            self._source.stop()
        log.info("stopped")

    async def _serve(self, started: Started | None) -> None:
        async with asyncio.TaskGroup() as tasks:
            health = tasks.create_task(self._health.serve([self._health_socket]))
            serving = tasks.create_task(self._server.serve([self._socket]))
            self._tls.start()
            if started:
                tasks.create_task(self._announce(started))
            log.info("serving", extra={"port": self.port, "health_port": self.health_port})
            await self._stop.wait()
            self._server.should_exit = True
            await serving
            self._health.should_exit = True
            await health
            self._tls.stop()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def health_port(self) -> int:
        return int(self._health_socket.getsockname()[1])

    async def _announce(self, started: Started) -> None:
        await started(self.port, self.health_port)

    def _not_ready(self) -> str | None:
        if self._draining:
            return "draining"
        return self._waiting_for() or (None if self._server.started else "starting")

    def _waiting_for(self) -> str | None:
        if self._complete:
            return None
        unsynced_kinds = self._source.unsynced_kinds() if self._source else []
        return f"waiting for {', '.join(unsynced_kinds) or 'the first snapshot'}"

    def _exposition(self) -> bytes:
        self.reviewer.recorder.flush()
        return generate_latest(self.reviewer.metrics.registry)

    def _swap(self, update: Update) -> None:
        self.reviewer.swap(update)
        self._complete = True

    def _drain(self) -> None:
        """Fail readiness now, and stop once kube-proxies have had time to see it."""
        if self._draining:
            return
        self._draining = True
        log.info("draining", extra={"seconds": self._settings.shutdown_delay})
        asyncio.get_running_loop().call_later(self._settings.shutdown_delay, self._stop.set)


def run(  # noqa: PLR0913 (what a replica is made of)
    settings: Settings,
    snapshot: Snapshot,
    source: Source | None = None,
    started: Started | None = None,
    is_trusted: Callable[[], bool] | None = None,
    *,
    feedback: Feedback | None = None,
) -> None:
    """Serve in this process until SIGTERM or SIGINT."""
    with contextlib.suppress(AttributeError):  # a libc other than glibc
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _MAPPED_BYTES)

    async def main() -> None:
        await Service(settings, snapshot, source, is_trusted, feedback).run(started)

    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(main())


def _config(app: object, **options: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]  # an ASGI app; uvicorn's alias names its own protocol types
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        http=protocol.connections(Limits(protocol.MAX_CONNECTIONS)),  # type: ignore[arg-type]  # a factory does
        ws="none",
        timeout_graceful_shutdown=_LAST_ANSWERS_SECONDS,
        **options,  # type: ignore[arg-type]  # each is checked by uvicorn's own signature at start
    )


def _listen(host: str, port: int, flag: str) -> socket.socket:
    """A listening socket. An empty host means all addresses, with IPv6 if the machine has it.

    `flag` sets the port. Raises InputError.
    """
    is_dual_stack = not host and socket.has_dualstack_ipv6()
    family = socket.AF_INET6 if is_dual_stack or ":" in host else socket.AF_INET
    try:
        listening = socket.create_server(
            (host, port), family=family, backlog=2048, dualstack_ipv6=is_dual_stack
        )
    except OSError as error:
        where = f"cannot listen on {host or '*'}:{port}"
        if error.errno == errno.EADDRINUSE:
            hint = f"choose another port with {flag}, or 0 for a free one; `ss -ltnp` shows who has this one"
            raise InputError(f"{where}: the port is in use", name="port-taken", hint=hint) from error
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise InputError(f"{where}: {reason}", name="cannot-listen") from error
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BYTES)
    return listening
