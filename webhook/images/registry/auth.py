"""How a registry lets a request in: anonymously, by password, or by a token that another server gives for it.

https://distribution.github.io/distribution/spec/auth/token
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from webhook.images.registry.credentials import Credentials, Login
from webhook.images.registry.image import RegistryError
from webhook.images.registry.transport import Answer, Transport

_REFUSED = {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}
# Of a token that does not say it; and what a request with it may take.
_EXPIRES, _MARGIN = 60.0, 10.0
_CLIENT = "podtailor"
# It becomes part of a header.
_TOKEN = re.compile(r"[\x21-\x7e]+")


class _Grant(NamedTuple):
    header: str
    until: float


class Authenticator:
    """May be used by several threads."""

    def __init__(
        self, transport: Transport, credentials: Credentials, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._transport = transport
        self._credentials = credentials
        self._now = now
        self._grants: dict[tuple[str, str], _Grant] = {}

    def fetch(self, method: str, host: str, path: str, what: str, headers: Mapping[str, str]) -> Answer:
        """`what`: of the repository `path`. Each login that may be meant is tried. Raises RegistryError."""
        url = f"https://{host}/v2/{path}/{what}"
        grant = self._grants.get((host, path))
        is_valid = grant is not None and self._now() < grant.until
        answer = self._transport.fetch(method, url, headers, grant.header if grant and is_valid else None)
        # What a server somewhere else asks for is not meant for the credentials of this one.
        if answer.status != HTTPStatus.UNAUTHORIZED or answer.is_elsewhere:
            return answer
        for each in self._granted(challenges(answer.headers.getlist("WWW-Authenticate")), host, path):
            answer = self._transport.fetch(method, url, headers, each.header)
            if answer.status not in _REFUSED:
                self._grants[host, path] = each
                break
        return answer

    def _granted(self, asked: Mapping[str, Mapping[str, str]], host: str, path: str) -> Iterator[_Grant]:
        """Raises RegistryError if no token is given."""
        if "bearer" in asked:
            yield from self._tokens(asked["bearer"], host, path)
        elif "basic" in asked:
            for login in self._credentials.logins(host, path):
                if login.password:
                    yield _Grant(_basic(login), float("inf"))

    def _tokens(self, asked: Mapping[str, str], host: str, path: str) -> Iterator[_Grant]:
        refused = None
        logins: Sequence[Login | None] = self._credentials.logins(host, path) or [None]
        for login in logins:
            asked_at = self._now()
            answer = self._ask(asked, path, login)
            if answer.status == HTTPStatus.OK:
                token, expires = _token(answer, host)
                yield _Grant(f"Bearer {token}", asked_at + expires - _MARGIN)
            else:
                refused = RegistryError(f"{answer.status} from the token server of {host}")
        if refused:
            raise refused

    def _ask(self, asked: Mapping[str, str], path: str, login: Login | None) -> Answer:
        """For reading this repository, whatever the registry asks for."""
        realm = asked.get("realm", "")
        fields = {"service": asked.get("service", ""), "scope": f"repository:{path}:pull"}
        accept = {"Accept": "application/json"}
        if login and login.identity_token:
            form = {
                "grant_type": "refresh_token",
                "client_id": _CLIENT,
                "refresh_token": login.identity_token,
            }
            return self._transport.post(realm, {**fields, **form}, accept)
        url = f"{realm}{'&' if '?' in realm else '?'}{urlencode(fields)}"
        return self._transport.fetch("GET", url, accept, _basic(login) if login else None)


def _basic(login: Login) -> str:
    return f"Basic {base64.b64encode(f'{login.username}:{login.password}'.encode()).decode()}"


class _Token(Struct):
    token: str = ""
    access_token: str = ""
    expires_in: float | None = None


# Made here for threads, as webhook/model/decoding.py says.
_TOKENS = msgspec.json.Decoder(_Token)


def _token(answer: Answer, host: str) -> tuple[str, float]:
    """With the seconds that it lasts. Raises RegistryError."""
    try:
        given = _TOKENS.decode(answer.body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise RegistryError(f"no token from the token server of {host}") from error
    token = given.token or given.access_token
    if not _TOKEN.fullmatch(token):
        raise RegistryError(f"no token from the token server of {host}")
    return token, given.expires_in or _EXPIRES


# Of RFC 9110, section 11: `Bearer realm="https://...",service="..."`; one header may hold several.
_SCHEME_OR_FIELD = re.compile(r'([!#$%&\'*+.^`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?[\s,]*')
_ESCAPED = re.compile(r"\\(.)")


def challenges(headers: list[str]) -> dict[str, dict[str, str]]:
    """What each scheme asks for; names in lower case. The first of a scheme counts."""
    found: dict[str, dict[str, str]] = {}
    for header in headers:
        fields: dict[str, str] = {}
        for each in _SCHEME_OR_FIELD.finditer(header):
            name, quoted, plain = each.group(1).lower(), each.group(2), each.group(3)
            if quoted is not None or plain is not None:
                fields[name] = plain if quoted is None else _ESCAPED.sub(r"\1", quoted)
            else:
                fields = {}
                found.setdefault(name, fields)
    return found
