"""Certificates are issued, and a real handshake accepts or rejects them."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certs.files import CA_CERT, TLS_CERT, TLS_KEY, issue_to
from certs.issue import issue_authority, issue_serving, service_hosts

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def test_service_hosts_start_with_what_the_api_server_verifies() -> None:
    assert (
        service_hosts("podtailor-webhook", "podtailor-system")[0] == "podtailor-webhook.podtailor-system.svc"
    )


def test_authority_signs_end_certificates_only() -> None:
    certificate = issue_authority(NOW, DAY).certificate
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical
    assert (constraints.value.ca, constraints.value.path_length) == (True, 0)
    assert isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)


def test_serving_certificate_is_valid_from_a_little_before_now_to_the_end_of_its_lifetime() -> None:
    certificate = issue_serving(issue_authority(NOW, DAY), ["a"], NOW, DAY).certificate
    now = NOW.replace(microsecond=0)
    assert certificate.not_valid_before_utc == now - timedelta(minutes=5)
    assert certificate.not_valid_after_utc == now + DAY


@pytest.mark.parametrize(
    ("name", "trusted", "accepted"),
    [
        pytest.param("podtailor-webhook.podtailor-system.svc", True, True, id="the API server's own name"),
        pytest.param("127.0.0.1", True, True, id="an address"),
        pytest.param("other.podtailor-system.svc", True, False, id="another name"),
        pytest.param("podtailor-webhook.podtailor-system.svc", False, False, id="another CA"),
    ],
)
def test_handshake(tmp_path: Path, name: str, trusted: bool, accepted: bool) -> None:
    issue_to(tmp_path / "a", [*service_hosts("podtailor-webhook", "podtailor-system"), "127.0.0.1"], NOW, DAY)
    issue_to(tmp_path / "b", ["x"], NOW, DAY)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "a" / TLS_CERT, tmp_path / "a" / TLS_KEY)
    client = ssl.create_default_context(cafile=tmp_path / ("a" if trusted else "b") / CA_CERT)
    # As strict as Python can be: Go may reject what OpenSSL accepts beyond RFC 5280.
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(there, server_side=True).close()
        except ssl.SSLError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        client.wrap_socket(here, server_hostname=name).close()
    except ssl.SSLCertVerificationError:
        assert not accepted
    else:
        assert accepted
    finally:
        here.close()
        thread.join()
        there.close()
