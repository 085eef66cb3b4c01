"""A kubeconfig as far as completion needs it: the names in it, and how to reach the API server."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import ssl
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

Json = dict[str, Any]


class Kubeconfig(NamedTuple):
    """Of several files the first one that has a name is right, as in kubectl."""

    contexts: dict[str, Json]
    clusters: dict[str, Json]
    users: dict[str, Json]
    current: str


class Server(NamedTuple):
    """Where the API server is, and how it is asked."""

    host: str
    port: int
    prefix: str
    """Of each path."""
    tls: ssl.SSLContext | None
    """None for plain HTTP."""
    headers: dict[str, str]
    command: Json
    """What prints credentials; empty if there is no need."""


def read(paths: str | None) -> Kubeconfig:
    """`paths` as in KUBECONFIG. Raises OSError and what parsers raise."""
    found = Kubeconfig({}, {}, {}, "")
    named = paths or os.environ.get("KUBECONFIG") or "~/.kube/config"
    for path in map(Path, filter(None, named.split(os.pathsep))):
        if not path.expanduser().is_file():
            continue
        config = _parse(path.expanduser().read_text(encoding="utf-8"))
        for key, into in (("context", found.contexts), ("cluster", found.clusters), ("user", found.users)):
            for each in config.get(f"{key}s") or ():
                into.setdefault(each["name"], {**(each.get(key) or {}), "folder": path.expanduser().parent})
        found = found._replace(current=found.current or config.get("current-context") or "")
    return found


def _parse(text: str) -> Json:
    if text.lstrip().startswith("{"):
        parsed = json.loads(text)
    else:
        import yaml  # noqa: PLC0415 (it is slow, and may not be needed)

        parsed = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 (both are safe)
    return parsed if isinstance(parsed, dict) else {}


def server(config: Kubeconfig, context: str | None) -> Server:
    """Raises KeyError for what is not in it, and what ssl raises."""
    used = config.contexts[context or config.current]
    cluster, user = config.clusters[used["cluster"]], config.users.get(used.get("user") or "", {})
    url = urlsplit(cluster["server"])
    token = user.get("token") or (_text(user["tokenFile"], user) if user.get("tokenFile") else "")
    return Server(
        host=url.hostname or "",
        port=url.port or (443 if url.scheme == "https" else 80),
        prefix=url.path.rstrip("/"),
        tls=_tls(cluster, user) if url.scheme == "https" else None,
        headers={"Authorization": f"Bearer {token}"} if token else {},
        command=user.get("exec") or {},
    )


def namespace(config: Kubeconfig, context: str | None) -> str:
    return str(config.contexts.get(context or config.current, {}).get("namespace") or "default")


def token_of(command: Json, seconds: float) -> str:
    """What a credential plugin prints within that time. Raises OSError, ValueError, SubprocessError.

    A plugin that must ask the user is not run. One that takes longer is ended, with what it has started.
    """
    if command.get("interactiveMode") == "Always":
        raise ValueError(command["command"])
    given = {each["name"]: each["value"] for each in command.get("env") or ()}
    info = {"apiVersion": command.get("apiVersion"), "kind": "ExecCredential", "spec": {"interactive": False}}
    with subprocess.Popen(  # noqa: S603 (the user's own kubeconfig names it)
        [command["command"], *(command.get("args") or ())],
        env={**os.environ, **given, "KUBERNETES_EXEC_INFO": json.dumps(info)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # without a terminal that it could ask on
    ) as plugin:
        try:
            printed, _ = plugin.communicate(timeout=seconds)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(plugin.pid, signal.SIGKILL)
    return str(json.loads(printed)["status"]["token"])


def _tls(cluster: Json, user: Json) -> ssl.SSLContext:
    authority = _pem(cluster, "certificate-authority")
    tls = ssl.create_default_context(cadata=authority.decode("ascii", "ignore") if authority else None)
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    certificate, key = _pem(user, "client-certificate"), _pem(user, "client-key")
    if certificate and key:
        # Python reads them from files alone; only this user can read this one, and it is gone at once.
        with tempfile.NamedTemporaryFile() as file:
            file.write(certificate + b"\n" + key)
            file.flush()
            tls.load_cert_chain(file.name)
    return tls


def _pem(entry: Json, field: str) -> bytes:
    data = entry.get(f"{field}-data")
    if data:
        return base64.b64decode(data)
    return (entry["folder"] / entry[field]).read_bytes() if entry.get(field) else b""


def _text(path: str, entry: Json) -> str:
    return str((entry["folder"] / path).read_text(encoding="utf-8").strip())
