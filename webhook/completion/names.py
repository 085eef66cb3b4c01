"""Names of objects in the cluster, if it answers in time."""

from __future__ import annotations

import json
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection
from threading import Thread
from time import monotonic

from webhook.completion import kubeconfig
from webhook.completion.kubeconfig import Kubeconfig, Server

DEADLINE = 0.2
"""Seconds. TAB may take 300 ms, of which Python takes some 50 to start, on a slow machine 100."""

_ONLY_NAMES = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
_MOST = 500
"""More are no help to anyone who completes a name."""


def names(config: Kubeconfig, context: str | None, *paths: str, deadline: float = DEADLINE) -> list[str]:
    """Of the objects at paths of the API, all asked at once; none of a path that is refused or too slow."""
    found: list[list[str]] = [[] for _ in paths]
    end = monotonic() + deadline
    try:
        server = kubeconfig.server(config, context)
        if server.command and not server.headers:
            # Not in the thread: the process may exit before a thread has ended the plugin.
            token = kubeconfig.token_of(server.command, deadline)
            server = server._replace(headers={"Authorization": f"Bearer {token}"})
    except Exception:  # noqa: BLE001 (a kubeconfig can hold anything)
        return []
    # A look-up of a host name cannot be interrupted: so it is left behind, with its thread.
    asking = [
        Thread(target=_ask, args=(server, path, end, into), daemon=True)
        for path, into in zip(paths, found, strict=True)
    ]
    for each in asking:
        each.start()
    for each in asking:
        each.join(max(end - monotonic(), 0))
    return list(dict.fromkeys(name for each in found for name in each))


def _ask(server: Server, path: str, end: float, found: list[str]) -> None:
    headers = {**server.headers, "Accept": _ONLY_NAMES}
    try:
        seconds = max(end - monotonic(), 0.01)
        connection = (
            HTTPSConnection(server.host, server.port, timeout=seconds, context=server.tls)
            if server.tls
            else HTTPConnection(server.host, server.port, timeout=seconds)
        )
        with closing(connection):
            connection.request("GET", f"{server.prefix}{path}?limit={_MOST}", headers=headers)
            items = json.loads(connection.getresponse().read())["items"]
        found.extend(each["metadata"]["name"] for each in items)
    except Exception:  # noqa: BLE001, S110 (without an answer there is nothing to offer, whatever the reason)
        pass
