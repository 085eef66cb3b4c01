"""Certificates in files: the names that Kubernetes uses for TLS Secrets, keys for their owner alone."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from certs.issue import issue_authority, issue_client, issue_serving

CA_CERT, CA_KEY, TLS_CERT, TLS_KEY = "ca.crt", "ca.key", "tls.crt", "tls.key"
CLIENT_CERT, CLIENT_KEY = "client.crt", "client.key"


def issue_to(
    directory: Path, hosts: Sequence[str], now: datetime, lifetime: timedelta, client: str | None = None
) -> None:
    """Issue a CA and a serving certificate for `hosts` into `directory`, and one for a `client` of that name.

    Files that are there are replaced: `taken` says which.
    """
    authority = issue_authority(now, lifetime)
    serving = issue_serving(authority, hosts, now, lifetime)
    contents = {
        CA_KEY: authority.key_pem,
        CA_CERT: authority.certificate_pem,
        TLS_KEY: serving.key_pem,
        TLS_CERT: serving.certificate_pem,
    }
    if client:
        caller = issue_client(authority, client, now, lifetime)
        contents |= {CLIENT_KEY: caller.key_pem, CLIENT_CERT: caller.certificate_pem}
    write(directory, contents)


def taken(directory: Path) -> Path | None:
    """A file that `issue_to` would replace."""
    names = (CA_CERT, CA_KEY, TLS_CERT, TLS_KEY, CLIENT_CERT, CLIENT_KEY)
    return next((directory / name for name in names if (directory / name).exists()), None)


def write(directory: Path, contents: Mapping[str, bytes]) -> None:
    """Write files of these names, each key for its owner alone."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in contents.items():
        _write(directory / name, content, 0o600 if name.endswith(".key") else 0o644)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write whole or not at all, and never, not even for a moment, readable by others than `mode` says."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    part.replace(path)
