"""Servers that lead elsewhere, take their time, or send too much."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from tests.images.registry.fake_registry import (
    ELSEWHERE,
    HOST,
    HOSTS,
    FakeRegistry,
    Reply,
    Request,
    fake_registry,
    trust,
)
from tests.support.processes import free_port
from webhook.images.registry import transport as module
from webhook.images.registry.image import RegistryError
from webhook.images.registry.transport import Transport


def _local(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def _transport(certificates: Path, seconds: float = 10) -> Transport:
    return Transport(private_hosts=HOSTS, tls=trust(certificates), resolve=_local, seconds=seconds)


def _failure(transport: Transport, fake: FakeRegistry, path: str = "/") -> str:
    with pytest.raises(RegistryError) as raised:
        transport.fetch("GET", f"https://{fake.host}{path}", {}, "Basic secret")
    return str(raised.value)


def test_answer(certificates: Path) -> None:
    with fake_registry(certificates, lambda _: Reply(404, b"gone", {"X-More": "1"})) as fake:
        answer = _transport(certificates).fetch(
            "GET", f"https://{fake.host}/a?b=c", {"Accept": "x"}, "Basic me"
        )
    assert (answer.status, answer.body, answer.headers["x-more"]) == (404, b"gone", "1")
    (request,) = fake.requests
    assert (request.host, request.path) == (HOST, "/a?b=c")
    assert (request.headers["Accept"], request.authorization) == ("x", "Basic me")


def _redirecting(to: Callable[[], str]) -> Callable[[Request], Reply]:
    return lambda request: (
        Reply(200, b"end") if request.path == "/end" else Reply(307, b"", {"Location": to()})
    )


def test_redirect_within_the_host_keeps_credentials(certificates: Path) -> None:
    with fake_registry(certificates, _redirecting(lambda: "/end")) as fake:
        answer = _transport(certificates).fetch("GET", f"https://{fake.host}/", {}, "Basic me")
    assert answer.body == b"end"
    assert [each.authorization for each in fake.requests] == ["Basic me", "Basic me"]


def test_redirect_to_another_host_drops_credentials(certificates: Path) -> None:
    """Also on the way back."""

    def reply(request: Request) -> Reply:
        to = {"/": f"https://{ELSEWHERE}:{fake.port}/back", "/back": f"https://{fake.host}/end"}.get(
            request.path
        )
        return Reply(302, b"", {"Location": to}) if to else Reply(200, b"end")

    with fake_registry(certificates, reply) as fake:
        assert _transport(certificates).fetch("GET", f"https://{fake.host}/", {}, "Basic me").body == b"end"
    assert [(each.host, each.authorization) for each in fake.requests] == [
        (HOST, "Basic me"),
        (ELSEWHERE, None),
        (HOST, None),
    ]


def test_another_port_is_another_host(certificates: Path) -> None:
    with (
        fake_registry(certificates, lambda _: Reply(200)) as other,
        fake_registry(certificates, _redirecting(lambda: f"https://{other.host}/")) as fake,
    ):
        _transport(certificates).fetch("GET", f"https://{fake.host}/", {}, "Basic me")
    assert [each.authorization for each in other.requests] == [None]


@pytest.mark.parametrize(
    ("location", "why"),
    [
        ("http://registry.test/end", "registry.test would be asked without TLS"),
        ("https://169.254.169.254/latest/meta-data", "169.254.169.254 is at the private address 169.254.169.254"),
        ("https://127.0.0.1/", "127.0.0.1 is at the private address 127.0.0.1"),
        ("https://[::1]/", r"\[::1\] is at the private address ::1"),
        ("https://2852039166/", "2852039166 is at the private address 169.254.169.254"),
        ("file:///etc/passwd", "not a URL|would be asked without TLS"),
        ("https://:1/", "not a URL"),
        ("https://[::1", "not a URL"),
        ("/again", "too many redirects from registry.test"),
    ],
)  # fmt: skip
def test_redirect_that_is_not_followed(certificates: Path, location: str, why: str) -> None:
    def addresses(host: str, _port: int) -> list[str]:
        return {HOST: ["127.0.0.1"], "2852039166": ["169.254.169.254"]}.get(host, [host])

    transport = Transport(private_hosts=[HOST], tls=trust(certificates), resolve=addresses)
    with (
        fake_registry(certificates, _redirecting(lambda: location)) as fake,
        pytest.raises(RegistryError, match=why),
    ):
        transport.fetch("GET", f"https://{fake.host}/", {})
    assert {each.host for each in fake.requests} == {HOST}


def test_address_that_is_checked_is_the_one_that_is_connected_to(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name server that answers otherwise the second time is asked once."""
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])
    asked = []

    def addresses(host: str, _port: int) -> list[str]:
        asked.append(host)
        return next(answers)

    connected = []

    def connect(address: tuple[str, int], *_: object) -> socket.socket:
        connected.append(address)
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", connect)
    transport = Transport(tls=trust(certificates), resolve=addresses)
    with pytest.raises(RegistryError, match="Connection refused"):
        transport.fetch("GET", "https://r.example/", {})
    assert (asked, connected) == (["r.example"], [("8.8.8.8", 443)])


def test_private_address_needs_the_name_of_its_host(certificates: Path) -> None:
    with fake_registry(certificates, lambda _: Reply(200)) as fake:
        url = f"https://{fake.host}/"
        for hosts in ([], [ELSEWHERE], [f"{HOST}:1"], ["127.0.0.1"]):
            transport = Transport(private_hosts=hosts, tls=trust(certificates), resolve=_local)
            with pytest.raises(RegistryError, match=r"registry\.test is at the private address 127\.0\.0\.1"):
                transport.fetch("GET", url, {})
        assert fake.requests == []
        for hosts in ([HOST], [fake.host], [HOST.upper()]):
            transport = Transport(private_hosts=hosts, tls=trust(certificates), resolve=_local)
            assert transport.fetch("GET", url, {}).status == 200


def test_the_next_address_is_tried(certificates: Path) -> None:
    with fake_registry(certificates, lambda _: Reply(200)) as fake:
        transport = Transport(
            private_hosts=HOSTS, tls=trust(certificates), resolve=lambda *_: ["::1", "127.0.0.1"]
        )
        assert transport.fetch("GET", f"https://{fake.host}/", {}).status == 200


@pytest.mark.parametrize("reply", [Reply(200, b"x" * (10 << 20)), Reply(404, b"x" * (10 << 20))])
def test_too_much(certificates: Path, reply: Reply) -> None:
    with fake_registry(certificates, lambda _: reply) as fake:
        assert _failure(_transport(certificates), fake) == f"more than 4 MiB from {fake.host}"


def test_body_that_is_cut(certificates: Path) -> None:
    with fake_registry(certificates, lambda _: Reply(200, b"x", missing=10)) as fake:
        assert _failure(_transport(certificates), fake) == f"{fake.host} ended in the middle of its answer"


@pytest.mark.parametrize("drips", ["headers", "body"])
def test_answer_that_never_ends(certificates: Path, drips: str) -> None:
    """Each packet comes soon; the whole does not."""
    with fake_registry(certificates, lambda _: Reply(200, drips=drips)) as fake:
        failure = _failure(_transport(certificates, seconds=0.3), fake)
        assert failure == f"no answer from {fake.host} within 0.3 seconds"


@pytest.mark.parametrize("drop", [b"", b"\0"])
def test_handshake_that_never_ends(certificates: Path, drop: bytes) -> None:
    """Also if each packet of it comes soon."""
    over = threading.Event()

    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection, suppress(ConnectionError):
            connection.sendall(b"\x16\x03\x03\x40\x00")  # 16 KiB follow
            while not over.wait(0.02):
                connection.sendall(drop)

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        host = f"{HOST}:{server.getsockname()[1]}"
        started = time.monotonic()
        with pytest.raises(RegistryError, match=f"no answer from {host} within 0.3 seconds"):
            _transport(certificates, seconds=0.3).fetch("GET", f"https://{host}/", {})
        assert time.monotonic() - started < 30
        over.set()
        thread.join()


def test_time_that_is_over_while_it_connects(monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        wire = module._Wire(["127.0.0.1"], server.getsockname()[1], 10)  # noqa: SLF001 - no server can time it
        connect = socket.create_connection

        def slow(*where: Any) -> socket.socket:
            wire.cut()
            return connect(*where)

        monkeypatch.setattr(socket, "create_connection", slow)
        with pytest.raises(TimeoutError):
            wire.connect()
        wire.close()


def test_certificate_that_is_not_trusted(certificates: Path) -> None:
    with fake_registry(certificates, lambda _: Reply(200)) as fake:
        transport = Transport(private_hosts=HOSTS, resolve=_local)
        assert _failure(transport, fake).startswith(f"no trust in the certificate of {fake.host}: ")
        with pytest.raises(RegistryError, match=r"no trust in the certificate of other\.test"):
            Transport(private_hosts=["other.test"], tls=trust(certificates), resolve=_local).fetch(
                "GET", f"https://other.test:{fake.port}/", {}
            )
    assert fake.requests == []


def test_nobody_listens(certificates: Path) -> None:
    port = free_port()
    with pytest.raises(RegistryError, match=f"no connection to {HOST}:{port}: Connection refused"):
        _transport(certificates).fetch("GET", f"https://{HOST}:{port}/", {})


def test_host_without_an_address(certificates: Path) -> None:
    def fails(*_: object) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    with pytest.raises(RegistryError, match=r"nowhere\.test has no address"):
        Transport(tls=trust(certificates), resolve=fails).fetch("GET", "https://nowhere.test/", {})


def test_what_does_not_answer_is_not_tried_for_each_image() -> None:
    tries = []

    def fails(host: str, _port: int) -> list[str]:
        tries.append(host)
        raise socket.gaierror(socket.EAI_AGAIN, "no way out")

    transport = Transport(resolve=fails)
    for _ in range(10):
        with pytest.raises(RegistryError, match=r"nowhere\.test has no address"):
            transport.fetch("GET", "https://nowhere.test/", {})
    assert len(tries) == 3


def test_server_without_tls(certificates: Path) -> None:
    def serve(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(b"HTTP/1.0 400 Bad Request\r\n\r\n")

    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        thread = threading.Thread(target=serve, args=(server,))
        thread.start()
        host = f"{HOST}:{server.getsockname()[1]}"
        with pytest.raises(RegistryError, match=f"no TLS with {host}"):
            _transport(certificates).fetch("GET", f"https://{host}/", {})
        thread.join()
