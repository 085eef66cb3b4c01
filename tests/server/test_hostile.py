"""Input that no API server sends gets the right status and a clear answer, and the server goes on serving."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from http.client import HTTPSConnection

import pytest

from certs.files import CA_CERT
from tests.support.pods import pod
from tests.support.server import Server, review_of

REVIEW = json.dumps(review_of(pod()))
MIB = 1024 * 1024


@pytest.fixture(autouse=True)
def goes_on_serving(server: Server) -> Iterator[None]:
    yield
    assert server.review(pod())["allowed"]
    assert server.process.running


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(b"", "not an AdmissionReview: Input data was truncated", id="empty"),
        pytest.param(b"not json", "not an AdmissionReview: JSON is malformed", id="not JSON"),
        pytest.param(b"[]", "not an AdmissionReview: Expected `object`, got `array`", id="no object"),
        pytest.param(REVIEW[:-1].encode(), "not an AdmissionReview: Input data was truncated", id="cut short"),
        pytest.param(b'{"a": NaN}', "not an AdmissionReview: JSON is malformed", id="NaN"),
        pytest.param(b'{"apiVersion": "\xff"}', "not an AdmissionReview", id="invalid UTF-8"),
        pytest.param(b"\xef\xbb\xbf" + REVIEW.encode(), "not an AdmissionReview: JSON is malformed", id="byte order mark"),
        pytest.param(REVIEW.replace('"AdmissionReview"', '"Review"').encode(), "kind 'Review': this server accepts", id="wrong kind"),
        pytest.param(REVIEW.replace("k8s.io/v1", "k8s.io/v1beta1").encode(), "apiVersion 'admission.k8s.io/v1beta1'", id="wrong version"),
        pytest.param(b"{}", "apiVersion '', kind ''", id="nothing"),
        pytest.param(b'{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"}', "request: missing", id="no request"),
        pytest.param(REVIEW.replace('"6f0c"', '""').encode(), "request.uid: empty", id="empty uid"),
        pytest.param(REVIEW.replace('"6f0c"', "7").encode(), "$.request.uid", id="uid of another type"),
        pytest.param(b'{"a":' * 100_000, "not an AdmissionReview", id="nested 100,000 deep"),
    ],
)  # fmt: skip
def test_bad_bodies_are_400_and_say_why(server: Server, body: bytes, words: str) -> None:
    before = server.metric('podtailor_admission_requests_total{dry_run="false",result="bad-request"}')
    status, answer = server.post(body)
    assert status == 400
    assert words in answer.decode()
    assert (
        server.metric('podtailor_admission_requests_total{dry_run="false",result="bad-request"}')
        == before + 1
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(REVIEW.replace('"spec": {', '"deep": ' + '{"a":' * 200 + "1" + "}" * 200 + ', "spec": {'), id="200 levels deep"),
        pytest.param(REVIEW.replace('"kind": "AdmissionReview"', '"kind": "x", "kind": "AdmissionReview"'), id="duplicate keys"),
        pytest.param(REVIEW.replace('"dryRun": false', '"dryRun": null'), id="null flag"),
    ],
)  # fmt: skip
def test_unusual_bodies_are_answered(server: Server, text: str) -> None:
    assert text != REVIEW
    status, answer = server.post(text.encode())
    assert status == 200
    assert json.loads(answer)["response"]["patch"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(REVIEW.replace('"example.com/app:1"', '"\xff"').encode("latin-1"), "byte", id="invalid UTF-8"),
        pytest.param(REVIEW.replace('"example.com/app:1"', "7").encode(), "$.spec.containers[0].image", id="a number for a name"),
        pytest.param(REVIEW.replace('"example.com/app:1"', '"a", "resources": {"limits": {"cpu": ' + "9" * 5000 + "}}").encode(), "", id="a number of 5,000 digits"),
    ],
)  # fmt: skip
def test_unreadable_pods_are_allowed_unchanged(server: Server, body: bytes, words: str) -> None:
    status, answer = server.post(body)
    assert status == 200
    response = json.loads(answer)["response"]
    assert "patch" not in response
    assert response["warnings"][0].startswith(
        "podtailor: unreadable-pod: left unchanged, it could not be read"
    )
    assert words in response["warnings"][0]


def test_pod_with_too_many_containers_is_exempt(server: Server) -> None:
    many = pod()
    many["spec"]["containers"] = [{"name": f"c{index}", "image": "a"} for index in range(50_000)]
    response = server.review(many)
    assert response["auditAnnotations"]["left-alone"].startswith("too-large: more than 1000")


def test_long_values_are_truncated_in_the_log(server: Server) -> None:
    long = pod(metadata=f"annotations: {{podtailor.dev/skip-containers: '{'x' * 200_000}'}}")
    server.review({**long, "metadata": {**long["metadata"], "name": "n" * 200_000}}, uid="long")
    line = server.process.wait_for_line(lambda line: line if '"long"' in line else None)
    assert len(line) < 2000


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/yaml", "application/jsonx"])
def test_wrong_content_type_is_400(server: Server, content_type: str) -> None:
    status, answer = server.post(REVIEW.encode(), content_type)
    assert (status, answer) == (400, b"Content-Type must be application/json\n")


def test_content_type_with_parameters_is_accepted(server: Server) -> None:
    assert server.post(REVIEW.encode(), "application/json; charset=utf-8")[0] == 200


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [("/mutate", "GET", 405), ("/", "POST", 404), ("/metrics", "GET", 404), ("/docs", "GET", 404)],
)
def test_other_paths_and_methods(server: Server, path: str, method: str, status: int) -> None:
    with closing(server.connection()) as connection:
        connection.request(method, path)
        assert connection.getresponse().status == status


def test_largest_pod_is_answered(server: Server) -> None:
    big = pod()
    big["metadata"]["annotations"] = {"last-applied": "x" * (7 * MIB)}
    assert server.review(big)["allowed"]


def _raw(server: Server, head: str, *parts: bytes) -> bytes:
    """Send these bytes and read the whole answer."""
    trust = ssl.create_default_context(cafile=server.folder / CA_CERT)
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(head.replace("\n", "\r\n").encode())
        answer = b""
        with suppress(OSError):  # the server may close the connection first
            for part in parts:
                connection.sendall(part)
        with suppress(OSError):
            while chunk := connection.recv(65536):
                answer += chunk
                if b"\r\n\r\n" in answer and b"larger than" in answer:
                    break
        return answer


HEAD = "POST /mutate HTTP/1.1\nHost: localhost\nContent-Type: application/json\n"


def test_content_length_of_9_mib_is_refused_before_the_body(server: Server) -> None:
    answer = _raw(server, f"{HEAD}Content-Length: {9 * MIB}\n\n")
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"the body is larger than 8388608 bytes" in answer
    assert b"Retry-After" not in answer


def test_endless_body_is_refused_once_it_is_too_large(server: Server) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    answer = _raw(server, f"{HEAD}Transfer-Encoding: chunked\n\n", *[chunk] * (9 * 16))
    assert answer.startswith(b"HTTP/1.1 413")


def test_endless_headers_end_the_connection(server: Server) -> None:
    answer = _raw(server, HEAD, *[b"x-more: " + b"x" * 8000 + b"\r\n"] * 1000)
    assert answer == b""


def test_connection_closed_within_a_body_is_forgotten(server: Server) -> None:
    trust = ssl.create_default_context(cafile=server.folder / CA_CERT)
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(f"{HEAD}Content-Length: 100\n\n{{".replace("\n", "\r\n").encode())


def test_plain_http_on_the_tls_port_is_refused(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with suppress(ConnectionResetError):
            assert plain.recv(100) == b""


def test_ciphers_without_authenticated_encryption_are_refused(server: Server) -> None:
    weak = ssl.create_default_context(cafile=server.folder / CA_CERT)
    weak.maximum_version = ssl.TLSVersion.TLSv1_2
    weak.set_ciphers("ECDHE-ECDSA-AES128-SHA256")
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain,
        pytest.raises(ssl.SSLError),
    ):
        weak.wrap_socket(plain, server_hostname="localhost")


# A server with a low limit: thousands of connections would take long.
_FEW = """
from webhook.cli import main
from webhook.server import protocol
protocol.MAX_CONNECTIONS = 5
main()
"""


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(tmp_path_factory.mktemp("few"), program=("-c", _FEW))
    try:
        yield started
    finally:
        assert started.stop() == 0


def _review(connection: HTTPSConnection) -> int:
    connection.request("POST", "/mutate", REVIEW, {"Content-Type": "application/json"})
    response = connection.getresponse()
    response.read()
    return response.status


def _idle(connection: HTTPSConnection) -> None:
    connection.connect()


def _used(connection: HTTPSConnection) -> None:
    connection.request("GET", "/")
    assert connection.getresponse().read()


def _slow_head(connection: HTTPSConnection) -> None:
    connection.connect()
    connection.sock.sendall(b"POST /mutate HTTP/1.1\r\nHost:")


def _slow_body(connection: HTTPSConnection) -> None:
    connection.putrequest("POST", "/mutate")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "100")
    connection.endheaders(b"{")


def _reviewed(connection: HTTPSConnection) -> None:
    assert _review(connection) == 200


@pytest.mark.parametrize(
    ("hold", "address"),
    [
        pytest.param(_idle, "127.0.0.1", id="idle connections"),
        pytest.param(_used, "127.0.0.1", id="connections with one request"),
        pytest.param(_slow_head, "127.0.0.1", id="slow headers"),
        pytest.param(_slow_body, "127.0.0.1", id="slow bodies"),
        # Only their address tells these from an API server's.
        pytest.param(_reviewed, "127.0.0.2", id="connections with a review"),
    ],
)
def test_connections_of_others_do_not_displace_those_of_the_api_server(
    few: Server, hold: Callable[[HTTPSConnection], None], address: str
) -> None:
    with ExitStack() as opened:
        kept = opened.enter_context(closing(few.connection()))
        assert _review(kept) == 200
        socket_ = kept.sock
        for _ in range(12):  # more than twice the limit
            connection = opened.enter_context(closing(few.connection()))
            connection.source_address = (address, 0)  # type: ignore[attr-defined]  # of http.client
            hold(connection)
        assert few.review(pod())["allowed"], "a new connection is accepted"
        assert _review(kept) == 200
        assert kept.sock is socket_, "the old connection was kept"


def test_pipelined_request_ends_the_connection(server: Server) -> None:
    request = f"{HEAD}Content-Length: 2\n\n{{}}"
    answer = _raw(server, request * 2)
    assert answer.count(b"HTTP/1.1 ") <= 1


def test_too_many_headers_end_the_connection(server: Server) -> None:
    assert _raw(server, "GET / HTTP/1.1\nHost: localhost\n" + "a: b\n" * 100 + "\n") == b""


def test_old_tls_is_refused(server: Server) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(server.folder / CA_CERT)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(("127.0.0.1", server.port), timeout=20) as plain,
        pytest.raises(ssl.SSLError),
    ):
        old.wrap_socket(plain, server_hostname="localhost")
