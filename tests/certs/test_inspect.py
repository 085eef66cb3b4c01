"""What is read from certificate files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.files import CA_CERT, TLS_CERT, issue_to
from certs.inspect import read_certificates

NOW = datetime.now(UTC)
DAY = timedelta(days=1)


def test_certificates_are_read_from_a_file(tmp_path: Path) -> None:
    issue_to(tmp_path, ["localhost", "127.0.0.1"], NOW, DAY)
    (ca,) = read_certificates(tmp_path / CA_CERT)
    (serving,) = read_certificates(tmp_path / TLS_CERT)
    assert (ca.is_ca, ca.subject, ca.hosts) == (True, "CN=podtailor-ca", ())
    assert (serving.is_ca, serving.issuer, serving.hosts) == (False, ca.subject, ("localhost", "127.0.0.1"))
    assert serving.state(NOW) == "valid"
    assert serving.state(NOW + 2 * DAY) == "expired"
    assert serving.state(NOW - DAY) == "not yet valid"


@pytest.mark.parametrize(
    "content", [b"", b"nonsense", b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"]
)
def test_anything_else_than_certificates_is_rejected(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(ValueError, match=r"."):
        read_certificates(tmp_path / "x")
