"""Large requests, many at once, and the memory that a server takes for them."""

from __future__ import annotations

import asyncio
import json
import ssl
from contextlib import suppress
from pathlib import Path

import yaml

from tests.support.pods import pod
from tests.support.server import review_of

MIB = 1024 * 1024
HEAD = b"POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
# RSS with 10,000 namespaces and 2,000 policies (`make scale`), as manifests/base/deployment.yaml says.
FULL_SNAPSHOT = 122 * MIB
# Seconds until all are, at most: not a property of the server.
_TO_CONNECT = 300


def review(spec: str = "", metadata: str = "") -> bytes:
    """A review of a Pod with more in its `spec` and `metadata`, both of JSON members."""
    whole = json.dumps(review_of(pod()))
    whole = whole.replace('"spec": {', f'"spec": {{{spec}', 1) if spec else whole
    return (whole.replace('"metadata": {', f'"metadata": {{{metadata}', 1) if metadata else whole).encode()


def request(body: bytes) -> bytes:
    return HEAD + f"Content-Length: {len(body)}\r\n\r\n".encode() + body


def memory_limit() -> int:
    """Of the container, bytes."""
    deployment = yaml.safe_load(Path("manifests/base/deployment.yaml").read_text())
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    limit = container["resources"]["limits"]["memory"]
    assert limit.endswith("Mi")
    return int(limit[:-2]) * MIB


def memory(pid: int, field: str = "VmHWM") -> int:
    """Bytes resident: `VmRSS` now, `VmHWM` at the most so far."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith(field))
    return 1024 * int(line.split()[1])


def together(port: int, data: bytes, count: int, seconds: float = 60) -> list[bytes]:
    """Send the same over `count` connections at once; the first line of each answer, empty where none comes in time.

    Time begins for each when it is connected, which on a busy machine takes longest. No connection is closed
    before all are answered, or time is over.
    """
    return asyncio.run(_together(port, data, count, seconds))


async def _together(port: int, data: bytes, count: int, seconds: float) -> list[bytes]:
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
    opened: list[asyncio.StreamWriter] = []

    async def one() -> bytes:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(
                "localhost", port, ssl=trust, ssl_handshake_timeout=_TO_CONNECT
            )
            opened.append(writer)
            writer.write(data)
            async with asyncio.timeout(seconds):
                return (await reader.readline()).strip()
        return b""

    answers = await asyncio.gather(*[one() for _ in range(count)])
    for writer in opened:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()  # or the loop ends before it is
    return answers
