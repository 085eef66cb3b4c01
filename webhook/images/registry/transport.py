"""HTTP to registries that are not trusted: limits of time and size, addresses, TLS, redirects."""

from __future__ import annotations

import socket
from collections.abc import Collection, Mapping
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException
from ssl import SSLCertVerificationError, SSLContext, SSLError, create_default_context
from threading import Event, Timer
from typing import NamedTuple
from urllib.parse import urlencode, urljoin

from urllib3 import BaseHTTPResponse, HTTPHeaderDict
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.util import Url, parse_url

from webhook.images.registry.addresses import Resolve, permitted, resolve
from webhook.images.registry.image import RegistryError
from webhook.images.registry.limits import Limits

_SECONDS = 10
# Other addresses of the host are tried after these.
_CONNECT_SECONDS = 3
# What registries themselves take as a manifest.
_MAX_BYTES = 4 << 20
_MAX_REDIRECTS = 5
_PART = 1 << 16
_PORT = 443
_REDIRECTS = {
    HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER,
    HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT,
}  # fmt: skip


class Answer(NamedTuple):
    status: int
    headers: HTTPHeaderDict
    body: bytes
    is_elsewhere: bool
    """Whether a redirect led to another host, now or before."""


class Transport:
    """May be used by several threads: each request has a connection of its own."""

    def __init__(
        self,
        *,
        private_hosts: Collection[str] = (),
        tls: SSLContext | None = None,
        seconds: float = _SECONDS,
        resolve: Resolve = resolve,
    ) -> None:
        """`private_hosts`: may have private addresses; with or without port. `seconds`: of a call."""
        self._private_hosts = frozenset(each.lower() for each in private_hosts)
        self._tls = tls or create_default_context()
        self._seconds = seconds
        self._resolve = resolve
        self._limits = Limits()

    def fetch(
        self, method: str, url: str, headers: Mapping[str, str], authorization: str | None = None
    ) -> Answer:
        """Follows redirects, by TLS only; `authorization` goes to no other host. Raises RegistryError."""
        target, is_elsewhere = _parsed(url), False
        for _ in range(_MAX_REDIRECTS):
            sent = {"Authorization": authorization} if authorization and not is_elsewhere else {}
            answer = self._send(method, target, {**headers, **sent})._replace(is_elsewhere=is_elsewhere)
            location = answer.headers.get("Location")
            if answer.status not in _REDIRECTS or not location:
                return answer
            origin, target = target, _parsed(location, target.url)
            is_elsewhere = is_elsewhere or target.netloc != origin.netloc
        raise RegistryError(f"too many redirects from {_parsed(url).netloc}")

    def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """Follows no redirect. Raises RegistryError."""
        more = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._send("POST", _parsed(url), {**headers, **more}, urlencode(form))

    def _send(self, method: str, url: Url, headers: Mapping[str, str], body: str | None = None) -> Answer:
        self._limits.check(str(url.netloc))
        wire = _Wire(self._addresses(url), url.port or _PORT, self._seconds)
        connection = _Connection(str(url.host), url.port, timeout=self._seconds, ssl_context=self._tls)
        connection.wire = wire
        # Timeouts of sockets are for each packet.
        timer = Timer(self._seconds, wire.cut)
        timer.start()
        try:
            more = {"Accept-Encoding": "identity", "Connection": "close"}
            connection.request(method, url.request_uri, body, {**headers, **more}, preload_content=False)
            response = connection.getresponse()
            answer = Answer(response.status, response.headers, _read(response, url), is_elsewhere=False)
        except (HTTPError, HTTPException, OSError) as error:
            raise self._failed(url, self._reason(error, url, wire)) from error
        finally:
            timer.cancel()
            connection.close()
            wire.close()
        if wire.is_cut():  # also where an answer ends when its connection does
            raise self._failed(url, self._too_slow(url))
        self._limits.note(str(url.netloc), answer.status, answer.headers)
        return answer

    def _addresses(self, url: Url) -> list[str]:
        """Raises RegistryError."""
        host = str(url.host)
        try:
            found = [*self._resolve(host.strip("[]"), url.port or _PORT)]
        except (OSError, UnicodeError) as error:
            raise self._failed(url, f"{host} has no address") from error
        if found and self._private_hosts & {host, url.netloc}:
            return found
        return permitted(host, found)

    def _failed(self, url: Url, reason: str) -> RegistryError:
        self._limits.failed(str(url.netloc), reason)
        return RegistryError(reason)

    def _reason(self, error: Exception, url: Url, wire: _Wire) -> str:
        cause = error.__cause__ or error
        if wire.is_cut() or isinstance(cause, TimeoutError):
            return self._too_slow(url)
        if isinstance(cause, SSLCertVerificationError):
            return f"no trust in the certificate of {url.netloc}: {cause.verify_message}"
        if isinstance(cause, SSLError):
            return f"no TLS with {url.netloc}"
        if not wire.is_connected:
            return f"no connection to {url.netloc}: {getattr(cause, 'strerror', None) or cause}"
        return f"{url.netloc} ended in the middle of its answer"

    def _too_slow(self, url: Url) -> str:
        return f"no answer from {url.netloc} within {self._seconds:g} seconds"


class _Wire:
    """A TCP connection to one of these addresses, and no other, that another thread can cut."""

    def __init__(self, addresses: list[str], port: int, seconds: float) -> None:
        """`seconds`: for each packet, once it is connected."""
        self._addresses = addresses
        self._port = port
        self._seconds = seconds
        self._copy: socket.socket | None = None
        """TLS takes the socket itself, and has no other that could be cut until both sides agreed."""
        self._cut = Event()

    @property
    def is_connected(self) -> bool:
        return self._copy is not None

    def is_cut(self) -> bool:
        return self._cut.is_set()

    def connect(self) -> socket.socket:
        """Raises OSError."""
        failure: OSError = TimeoutError()
        for address in self._addresses:
            if self.is_cut():
                raise TimeoutError
            try:
                connected = socket.create_connection((address, self._port), _CONNECT_SECONDS)
            except OSError as error:
                failure = error
            else:
                connected.settimeout(self._seconds)
                self._copy = connected.dup()
                if self.is_cut():
                    connected.close()
                    raise TimeoutError
                return connected
        raise failure

    def cut(self) -> None:
        self._cut.set()
        if self._copy:
            with suppress(OSError):  # closed in the same moment
                self._copy.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        if self._copy:
            self._copy.close()


class _Connection(HTTPSConnection):
    wire: _Wire

    def _new_conn(self) -> socket.socket:
        """Where urllib3 would look up the host again, and connect to whatever is found then."""
        return self.wire.connect()


def _parsed(url: str, base: str = "") -> Url:
    """Raises RegistryError."""
    try:
        parsed = parse_url(urljoin(base, url))
    except ValueError as error:
        raise RegistryError("not a URL") from error
    if not parsed.host:
        raise RegistryError("not a URL")
    if parsed.scheme != "https":
        raise RegistryError(f"{parsed.netloc} would be asked without TLS")
    return parsed


def _read(response: BaseHTTPResponse, url: Url) -> bytes:
    """Raises RegistryError for too much."""
    parts, size = [], 0
    while part := response.read(_PART):
        parts.append(part)
        size += len(part)
        if size > _MAX_BYTES:
            raise RegistryError(f"more than {_MAX_BYTES >> 20} MiB from {url.netloc}")
    return b"".join(parts)
