"""Read certificates: names, validity, and whether a caBundle trusts them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from msgspec import Struct


class CertificateInfo(Struct, frozen=True, kw_only=True):
    """The parts of a certificate that users see. Times are UTC."""

    subject: str
    issuer: str
    is_ca: bool
    hosts: tuple[str, ...]
    not_before: datetime
    not_after: datetime
    sha256: str
    """Fingerprint in hexadecimal."""

    def state(self, now: datetime) -> str:
        """`expired`, `not yet valid`, or `valid`."""
        if now >= self.not_after:
            return "expired"
        return "not yet valid" if now < self.not_before else "valid"


def read_certificates(path: Path) -> list[CertificateInfo]:
    """The certificates of a PEM file, in order. Raises OSError, and ValueError if there are none."""
    return parse_certificates(path.read_bytes())


def parse_certificates(pem: bytes) -> list[CertificateInfo]:
    """The certificates in PEM text, in order. Raises ValueError if there are none."""
    return [_info(certificate) for certificate in x509.load_pem_x509_certificates(pem)]


def trust_problem(serving: bytes, bundle: bytes, now: datetime) -> str | None:
    """Why a client with this CA `bundle` rejects a serving certificate with its chain; None if it accepts it.

    Both are PEM. The result continues "its certificate".
    """
    certificate, *chain = x509.load_pem_x509_certificates(serving)
    try:
        trusted = x509.load_pem_x509_certificates(bundle)
    except ValueError:
        return "cannot be verified: the caBundle is not PEM"
    last = chain[-1] if chain else certificate
    if not any(_is_issued_by(last, authority) for authority in trusted):
        return "is not signed by a CA in the caBundle"
    state = _info(certificate).state(now)
    return None if state == "valid" else f"is {state}"


def _is_issued_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _info(certificate: x509.Certificate) -> CertificateInfo:
    return CertificateInfo(
        subject=certificate.subject.rfc4514_string(),
        issuer=certificate.issuer.rfc4514_string(),
        is_ca=_is_ca(certificate),
        hosts=_hosts(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        sha256=certificate.fingerprint(hashes.SHA256()).hex(),
    )


def _is_ca(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _hosts(certificate: x509.Certificate) -> tuple[str, ...]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in names)
