"""The way from an API server to the kubelet of an emulated Node, and to all else that it calls in its cluster.

The kubelet's port is forwarded to this machine's loopback, and an API server proxies no request to a Node on loopback
(k8s.io/kubernetes `pkg/registry/core/node/strategy.go`, `isProxyableHostname`). So it is given the Node's own address,
and connects through here, as through an HTTP proxy on a Unix socket: what is for that address goes to loopback, and what
is for others, such as webhooks, goes to them.
"""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path

from tests.e2e.node.machine import ADDRESS
from tests.support.processes import Process, Started

_LISTENING = "listening"
_END_OF_REQUEST = b"\r\n\r\n"


class Egress(Started):
    """Of one API server: it is started after this, with `flags`, and ends before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._config = folder / "egress.json"
        self._process: Process | None = None

    @property
    def flags(self) -> tuple[str, str]:
        return (
            f"--egress-selector-config-file={self._config}",
            "--kubelet-preferred-address-types=InternalIP",
        )

    def start(self) -> None:
        socket = str(self._folder / "egress")
        transport = {"uds": {"udsName": socket}}
        selection = {
            "name": "cluster",
            "connection": {"proxyProtocol": "HTTPConnect", "transport": transport},
        }
        kind = {"apiVersion": "apiserver.k8s.io/v1beta1", "kind": "EgressSelectorConfiguration"}
        self._config.write_text(json.dumps({**kind, "egressSelections": [selection]}))
        command = [sys.executable, "-m", __name__, socket]
        self._process = Process("egress", command, self._folder / "egress.log")
        self._process.wait_for_line(lambda line: _LISTENING in line or None)

    def stop(self) -> None:
        if self._process:
            self._process.stop()


async def _serve(socket: str) -> None:
    async with await asyncio.start_unix_server(_tunnel, socket) as server:
        print(_LISTENING, file=sys.stderr, flush=True)
        await server.serve_forever()


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection: it begins with `CONNECT HOST:PORT`."""
    request = await reader.readuntil(_END_OF_REQUEST)
    host, _, port = request.split()[1].decode().rpartition(":")
    host = "127.0.0.1" if host == ADDRESS else host.strip("[]")
    try:
        from_there, to_there = await asyncio.open_connection(host, int(port))
    except OSError as error:
        print(f"{host}:{port}: {error}", file=sys.stderr, flush=True)
        writer.write(b"HTTP/1.1 502 Bad Gateway" + _END_OF_REQUEST)
        writer.close()
        return
    writer.write(b"HTTP/1.1 200 OK" + _END_OF_REQUEST)
    await asyncio.gather(_copy(reader, to_there), _copy(from_there, writer))


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Until one of the two ends, and then the other does too."""
    with suppress(ConnectionError):
        while data := await source.read(2**16):
            target.write(data)
            await target.drain()
    target.close()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1]))
