"""Certificate files, named as in TLS Secrets. Only the owner can read a key."""

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
    """Issue a CA and a serving certificate for `hosts` into `directory`, and one for a `client` name.

    Replaces existing files: see `existing_file`.
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


def existing_file(directory: Path) -> Path | None:
    """The first file that `issue_to` would replace."""
    names = (CA_CERT, CA_KEY, TLS_CERT, TLS_KEY, CLIENT_CERT, CLIENT_KEY)
    return next((directory / name for name in names if (directory / name).exists()), None)


def write(directory: Path, contents: Mapping[str, bytes]) -> None:
    """Write each file with its name; files named `*.key` get mode 0600, others 0644."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in contents.items():
        _write_atomically(directory / name, content, 0o600 if name.endswith(".key") else 0o644)


def _write_atomically(path: Path, content: bytes, mode: int) -> None:
    """Replace the whole file or nothing. The content never has a wider mode than `mode`."""
    temporary = path.with_name(f".{path.name}.part")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)
