"""Issue CA, serving and client certificates: ECDSA P-256, X.509 v3 (RFC 5280)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from msgspec import Struct

# How far the clocks of API server and issuer may differ: certificates are valid that much earlier.
SKEW = timedelta(minutes=5)

# RFC 1123 names, in lower case as in Kubernetes; the first label may be a star.
_DNS_NAME = re.compile(
    r"(\*\.)?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*", re.ASCII
)
_MAX_NAME_LENGTH = 253


class KeyPair(Struct, frozen=True):
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def issue_authority(
    now: datetime, lifetime: timedelta, name: str = "podtailor-ca", *, skew: timedelta = SKEW
) -> KeyPair:
    """A self-signed CA that cannot sign other CAs. `now` is timezone-aware."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    certificate = (
        _builder(subject, subject, key.public_key(), now - skew, now + lifetime)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return KeyPair(certificate, key)


def issue_serving(
    authority: KeyPair, hosts: Sequence[str], now: datetime, lifetime: timedelta, *, skew: timedelta = SKEW
) -> KeyPair:
    """A server certificate for DNS names and IP addresses, signed by `authority`.

    Raises ValueError for a host that is neither, naming it.
    """
    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    # A common name has at most 64 characters. Clients verify the SANs and ignore it.
    usage = ExtendedKeyUsageOID.SERVER_AUTH
    return _leaf(authority, hosts[0][:64], usage, now - skew, now + lifetime, names)


def issue_client(authority: KeyPair, name: str, now: datetime, lifetime: timedelta) -> KeyPair:
    """A client certificate by which an API server identifies itself."""
    return _leaf(authority, name, ExtendedKeyUsageOID.CLIENT_AUTH, now - SKEW, now + lifetime)


def _leaf(
    authority: KeyPair,
    name: str,
    usage: x509.ObjectIdentifier,
    start: datetime,
    end: datetime,
    *extensions: x509.ExtensionType,
) -> KeyPair:
    key = ec.generate_private_key(ec.SECP256R1())
    issuer = authority.certificate.subject
    builder = (
        _builder(_name(name), issuer, key.public_key(), start, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
        )
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return KeyPair(builder.sign(authority.key, hashes.SHA256()), key)


def service_hosts(service: str, namespace: str) -> list[str]:
    """The DNS names of a Service. The API server verifies the first."""
    return [
        f"{service}.{namespace}.svc",
        f"{service}.{namespace}.svc.cluster.local",
        f"{service}.{namespace}",
    ]


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        if len(host) > _MAX_NAME_LENGTH or not _DNS_NAME.fullmatch(host):
            raise ValueError(f"{host!r} is neither a DNS name nor an IP address") from None
        return x509.DNSName(host)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
