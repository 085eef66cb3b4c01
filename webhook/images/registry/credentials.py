"""Credentials for registries, as Docker's configuration files and the Secrets of Pods hold them.

Sources: `pkg/credentialprovider` of Kubernetes for which entries apply to an image, and
https://docs.docker.com/reference/cli/docker/login for helpers.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import subprocess
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from threading import Lock
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from webhook.errors import InputError
from webhook.images.registry.image import RegistryError

_T = TypeVar("_T")

_HUB = "docker.io"
_HUB_HOSTS = {_HUB, "index.docker.io", "registry-1.docker.io"}
# What docker login stores it by, and asks helpers for.
_HUB_KEY = "https://index.docker.io/v1/"
_HELPER = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]*")
_HELPER_SECONDS = 20
# Of a helper that has the secret of an identity token.
_TOKEN_USER = "<token>"  # noqa: S105 - no password
_NOT_FOUND = "credentials not found"


class Login(NamedTuple):
    username: str
    password: str
    identity_token: str = ""
    """An OAuth2 refresh token, which counts instead of a password."""

    def __repr__(self) -> str:
        """Without secrets: it may come into a traceback."""
        return f"Login({self.username!r})"


class _Key(NamedTuple):
    """Of an entry."""

    text: str
    host: str
    port: str
    path: str

    def matches(self, host: str, port: str, path: str) -> bool:
        """A glob in each part of the host, the same port, and what the path begins with."""
        ours, theirs = self.host.split("."), host.split(".")
        return (
            len(ours) == len(theirs)
            and all(map(_matches, theirs, ours))
            and self.port == port
            and path.startswith(self.path)
        )


def _matches(name: str, pattern: str) -> bool:
    """An address of IPv6 looks like a glob."""
    return name == pattern or fnmatchcase(name, pattern)


class DockerConfig(Struct, frozen=True):
    """What one file or Secret says."""

    logins: tuple[tuple[_Key, Login], ...] = ()
    helpers: Mapping[str, str] = {}
    """By host: the program `docker-credential-NAME`."""
    store: str = ""
    """The same for all other hosts."""
    repositories: frozenset[str] | None = None
    """As `docker.io/library/nginx`: a Secret is for images of the Pods that name it. None: for all."""


class _Auth(Struct):
    auth: str = ""
    username: str = ""
    password: str = ""
    identitytoken: str = ""


class _File(Struct, rename="camel"):
    auths: dict[str, _Auth] = {}
    cred_helpers: dict[str, str] = {}
    creds_store: str = ""


_FILES, _AUTHS = msgspec.json.Decoder(_File), msgspec.json.Decoder(dict[str, _Auth])


def parse_docker_config(text: bytes, origin: str, *, runs_helpers: bool = False) -> DockerConfig:
    """`config.json` or `.dockerconfigjson`. Raises InputError, which names `origin`.

    `runs_helpers`: only for the user's own files. A Secret would choose the program that runs here.
    """
    file = _decoded(text, _FILES, origin)
    logins = _logins(file.auths, origin)
    if not runs_helpers:
        return DockerConfig(logins)
    for name in (*file.cred_helpers.values(), file.creds_store):
        if name and not _HELPER.fullmatch(name):
            raise _invalid(origin, f"{name!r} is not the name of a credential helper")
    helpers = {_key(host).text: name for host, name in file.cred_helpers.items()}
    return DockerConfig(logins, helpers, file.creds_store)


def parse_dockercfg(text: bytes, origin: str) -> DockerConfig:
    """`.dockercfg`, its older form. Raises InputError, which names `origin`."""
    auths = _decoded(text, _AUTHS, origin)
    return DockerConfig(_logins(auths, origin))


class Credentials:
    """Of several files and Secrets. May be used by several threads."""

    def __init__(self, configs: Iterable[DockerConfig] = ()) -> None:
        self._configs = tuple(configs)
        entries = [(*entry, config.repositories) for config in self._configs for entry in config.logins]
        # As the kubelet orders them: backwards by text, so that a longer path comes before a shorter one.
        self._entries = sorted(entries, key=lambda entry: entry[0].text, reverse=True)
        self._asking = Lock()
        self._by_helper: dict[tuple[str, str], Login | None] = {}

    def logins(self, host: str, path: str) -> list[Login]:
        """For a repository, the most specific first. Raises RegistryError if a helper fails."""
        key = _key(host)
        found = [
            login
            for each, login, repositories in self._entries
            if each.matches(key.host, key.port, path)
            and (repositories is None or f"{key.text}/{path}" in repositories)
        ]
        helpers = {config.helpers.get(key.text, config.store) for config in self._configs} - {""}
        given = (self._login_of(helper, key.text) for helper in sorted(helpers))
        return [*(login for login in given if login), *found]

    def _login_of(self, helper: str, host: str) -> Login | None:
        """Each is asked once: some ask a cloud, or the user."""
        with self._asking:
            if (helper, host) not in self._by_helper:
                self._by_helper[helper, host] = _ask(helper, _HUB_KEY if host == _HUB else host)
            return self._by_helper[helper, host]


def _ask(helper: str, server: str) -> Login | None:
    """None if it has nothing for that server. Raises RegistryError."""
    program = f"docker-credential-{helper}"
    try:
        done = subprocess.run(  # noqa: S603 - the user's own file names it
            [program, "get"], input=server.encode(), capture_output=True, check=False, timeout=_HELPER_SECONDS
        )
    except (FileNotFoundError, PermissionError) as error:  # also if a folder of PATH may not be read
        raise RegistryError(f"{program} is not installed") from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RegistryError(f"{program} failed") from error
    if done.returncode:
        if _NOT_FOUND in done.stdout.decode(errors="replace"):
            return None
        raise RegistryError(f"{program} failed with exit code {done.returncode}")
    try:
        given: Any = json.loads(done.stdout)
        username, secret = str(given["Username"]), str(given["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryError(f"{program} printed no credentials") from error
    return Login("", "", secret) if username == _TOKEN_USER else Login(username, secret)


def _logins(auths: Mapping[str, _Auth], origin: str) -> tuple[tuple[_Key, Login], ...]:
    """Those with a secret: docker writes empty entries where a helper has it."""
    found = ((_key(text), _login(text, auth, origin)) for text, auth in auths.items())
    return tuple((key, login) for key, login in found if login.password or login.identity_token)


def _login(key: str, auth: _Auth, origin: str) -> Login:
    username, password = auth.username, auth.password
    if auth.auth:
        try:
            username, _, password = base64.b64decode(auth.auth, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise _invalid(origin, f"auths[{key}].auth is not base64 of USER:PASSWORD") from error
    return Login(username, password.rstrip("\0"), auth.identitytoken)


def _key(text: str) -> _Key:
    """`https://r.example:5000/v1/team` is host, port and path; of the API's version nothing remains."""
    rest = text.partition("://")[2] or text
    netloc, _, path = rest.partition("/")
    for version in ("v1", "v2"):
        if path == version or path.startswith(f"{version}/"):
            path = path[len(version) + 1 :]
    host, _, port = netloc.lower().partition(":") if not netloc.startswith("[") else (netloc.lower(), "", "")
    host = _HUB if host in _HUB_HOSTS else host
    path = path.rstrip("/")
    return _Key(f"{host}:{port}".rstrip(":") + f"/{path}".rstrip("/"), host, port, path)


def _decoded(text: bytes, decoder: msgspec.json.Decoder[_T], origin: str) -> _T:
    try:
        return decoder.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _invalid(origin, str(error)) from error


def _invalid(origin: str, why: str) -> InputError:
    return InputError(f"{origin}: {why}", name="invalid-credentials")
