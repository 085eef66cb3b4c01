"""The HTTP of a Prometheus API: always POST, for long queries do not fit into a URL.

https://prometheus.io/docs/prometheus/latest/querying/api/
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from ssl import SSLContext, SSLError, create_default_context
from urllib.parse import unquote

from urllib3 import BaseHTTPResponse, PoolManager, Retry, Timeout
from urllib3.exceptions import (
    HTTPError,
    IncompleteRead,
    LocationParseError,
    NewConnectionError,
    ProtocolError,
)
from urllib3.exceptions import TimeoutError as Urllib3TimeoutError
from urllib3.util import make_headers, parse_url

from webhook.errors import InputError, UsageError
from webhook.model.notice import Notice
from webhook.model.text import truncate
from webhook.usage.prometheus.answers import QueryError, Series, TooMuchError, series_of

_SECONDS = 60
_CONNECT_SECONDS = 10
# What the server may take: it has to answer before we stop to listen.
_SERVER_SHARE = 0.9
_PART = 1 << 16
_BACKOFF = 0.5  # seconds, doubled each time; a server's own Retry-After may be an hour
# Each server takes its own words and ignores the others': Thanos counts replicas once and does not hide what
# is missing; VictoriaMetrics does neither round times to steps nor hide what is missing.
_PARAMETERS = {"dedup": "true", "partial_response": "false", "nocache": "1", "deny_partial_response": "1"}


class PrometheusServer:
    """May be used by several threads."""

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        bearer_file: Path | None = None,
        ca_file: Path | None = None,
        seconds: float = _SECONDS,
    ) -> None:
        """`url`: what `/api/v1/query` follows. `bearer_file` is read for each request. Raises UsageError."""
        try:
            parsed = parse_url(url)
        except LocationParseError:
            parsed = parse_url("")
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise UsageError("--prometheus takes a URL such as http://prometheus.monitoring:9090")
        login = make_headers(basic_auth=unquote(parsed.auth)) if parsed.auth else {}
        self.url = parsed._replace(auth=None, query=None, fragment=None).url.rstrip("/")
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            **_titled(login),
            **_titled(headers or {}),
        }
        self._bearer_file = bearer_file
        self._seconds = seconds
        # A redirect would turn POST into GET, and may take the token elsewhere.
        retries = Retry(
            connect=1, read=0, redirect=False, status=2, other=0,
            status_forcelist=(HTTPStatus.TOO_MANY_REQUESTS,), allowed_methods=None,
            backoff_factor=_BACKOFF, respect_retry_after_header=False,
            raise_on_status=False, raise_on_redirect=False,
        )  # fmt: skip
        self._pool = PoolManager(
            maxsize=4,
            retries=retries,
            timeout=Timeout(connect=min(_CONNECT_SECONDS, seconds), read=seconds),
            ssl_context=_tls(ca_file) if parsed.scheme == "https" else None,
        )

    def query(self, text: str, at: float) -> list[Series]:
        """One moment: each series has one point. Raises QueryError; InputError for an unreadable token."""
        return self._ask("query", "vector", {"query": text, "time": _seconds(at)})

    def query_range(self, text: str, begin: float, end: float, step: float) -> list[Series]:
        """From `begin` to `end`, both included. Raises as `query` does."""
        times = {"start": _seconds(begin), "end": _seconds(end), "step": _seconds(step)}
        return self._ask("query_range", "matrix", {"query": text, **times})

    def _ask(self, endpoint: str, result_type: str, parameters: Mapping[str, str]) -> list[Series]:
        fields = {**parameters, **_PARAMETERS, "timeout": f"{self._seconds * _SERVER_SHARE:g}s"}
        url = f"{self.url}/api/v1/{endpoint}"
        try:
            response = self._pool.request(
                "POST", url, fields=fields, encode_multipart=False,
                headers={**self._headers, **self._token()}, preload_content=False,
            )  # fmt: skip
            body = self._read(response)
        except (HTTPError, OSError) as error:
            raise self._failure(error) from error
        if response.status in range(300, 400):
            to = truncate(response.headers.get("Location", "nowhere"), 200)
            raise QueryError(Notice("not-prometheus", f"{response.status}: {url} redirects to {to}"))
        return series_of(response.status, body, result_type)

    def _read(self, response: BaseHTTPResponse) -> bytes:
        """All of the body; urllib3's own timeout is for one part of it."""
        deadline = time.monotonic() + self._seconds
        parts = []
        with response:  # closes it, whole or not
            while part := response.read1(_PART):
                parts.append(part)
                if time.monotonic() > deadline:
                    raise Urllib3TimeoutError
        return b"".join(parts)

    def _token(self) -> Mapping[str, str]:
        if self._bearer_file is None:
            return {}
        try:
            return {"Authorization": f"Bearer {self._bearer_file.read_text().strip()}"}
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"{self._bearer_file}: {error}", name="unreadable-file") from error

    def _failure(self, error: Exception) -> QueryError:
        cause = getattr(error, "reason", None) or error
        if isinstance(cause, NewConnectionError):
            return QueryError(Notice("prometheus-unreachable", f"{self.url}: {cause.__cause__ or cause}"))
        if isinstance(cause, Urllib3TimeoutError):
            detail = f"{self.url} did not answer within {self._seconds:g} seconds"
            return TooMuchError(Notice("usage-timeout", detail))
        if isinstance(cause, ProtocolError | IncompleteRead):
            return QueryError(Notice("unexpected-answer", f"{self.url} ended in the middle of its answer"))
        if isinstance(cause, SSLError):
            cause = getattr(cause, "verify_message", "") or cause
        return QueryError(Notice("prometheus-unreachable", f"{self.url}: {cause}"))


def _tls(ca_file: Path | None) -> SSLContext:
    """Raises UsageError."""
    try:
        return create_default_context(cafile=ca_file)
    except OSError as error:
        raise UsageError(f"{ca_file}: {error.strerror or error}") from error


def _titled(headers: Mapping[str, str]) -> dict[str, str]:
    """Each once, however it is written."""
    return {name.title(): value for name, value in headers.items()}


def _seconds(number: float) -> str:
    """Without an exponent."""
    return f"{number:.3f}".rstrip("0").rstrip(".")
