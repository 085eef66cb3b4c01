"""What one installation holds: CAs and a serving certificate, renewed by time alone.

`renewed` is the whole rule, a pure function of what is held and of now. Old and new overlap: nobody meets a
certificate whose CA the API server has not been told of, and no CA leaves before it expires.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from certs.files import CA_CERT, CA_KEY, TLS_CERT, TLS_KEY
from certs.issue import SKEW, Pair, issue_authority, issue_serving


class Lifetimes(Struct, frozen=True):
    """How long certificates are valid, and when the next is issued."""

    authority: timedelta = timedelta(days=365)
    serving: timedelta = timedelta(days=90)
    renew_at: float = 2 / 3
    """The part of its life after which a certificate is renewed."""
    overlap: timedelta = timedelta(minutes=10)
    """From a new CA to the first certificate that it signs: API servers must have heard of it by then."""


USUAL = Lifetimes()


class Keyring(Struct, frozen=True):
    authorities: tuple[Pair, ...]
    """Oldest first; every one of them is trusted."""
    serving: Pair

    @property
    def bundle(self) -> bytes:
        """What the API server is to trust, PEM."""
        return b"".join(authority.certificate_pem for authority in self.authorities)


def renewed(
    held: Keyring | None, hosts: Sequence[str], now: datetime, lifetimes: Lifetimes = USUAL
) -> Keyring:
    """What should be held now: `held` itself where nothing is due. `now` is timezone-aware."""
    authorities = [] if held is None else [each for each in held.authorities if _is_valid(each, now)]
    if not authorities or _is_due(authorities[-1], now, lifetimes):
        authorities.append(issue_authority(now, lifetimes.authority))
    signer = _signer(authorities, now, lifetimes)
    serving = held.serving if held else None
    if serving is None or _is_due(serving, now, lifetimes) or not _serves(serving, hosts, authorities):
        until = min(now + lifetimes.serving, signer.certificate.not_valid_after_utc)
        serving = issue_serving(signer, hosts, now, until - now)
    made = Keyring(tuple(authorities), serving)
    return held if held == made else made


def to_secret(keyring: Keyring) -> dict[str, bytes]:
    """The data of a Secret of type `kubernetes.io/tls`; of several CAs one block each, oldest first."""
    return {
        CA_CERT: keyring.bundle,
        CA_KEY: b"".join(authority.key_pem for authority in keyring.authorities),
        TLS_CERT: keyring.serving.certificate_pem,
        TLS_KEY: keyring.serving.key_pem,
    }


def from_secret(data: dict[str, bytes]) -> Keyring | None:
    """What a Secret holds; None where it is empty or damaged, for then all must be issued anew."""
    try:
        certificates = x509.load_pem_x509_certificates(data[CA_CERT])
        keys = [_key(pem + _END) for pem in data[CA_KEY].split(_END)[:-1]]
        authorities = tuple(Pair(*each) for each in zip(certificates, keys, strict=True))
        serving = Pair(x509.load_pem_x509_certificate(data[TLS_CERT]), _key(data[TLS_KEY]))
    except (KeyError, ValueError, TypeError):
        return None
    pairs = (*authorities, serving)
    whole = all(pair.certificate.public_key() == pair.key.public_key() for pair in pairs)
    return Keyring(authorities, serving) if whole else None


_END = b"-----END PRIVATE KEY-----\n"


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not a key of ours")
    return key


def _is_valid(pair: Pair, now: datetime) -> bool:
    return pair.certificate.not_valid_before_utc <= now < pair.certificate.not_valid_after_utc


def _is_due(pair: Pair, now: datetime, lifetimes: Lifetimes) -> bool:
    start, end = pair.certificate.not_valid_before_utc + SKEW, pair.certificate.not_valid_after_utc
    return now >= start + (end - start) * lifetimes.renew_at


def _signer(authorities: list[Pair], now: datetime, lifetimes: Lifetimes) -> Pair:
    """The newest CA that everybody has heard of; the newest of all where there is no such."""
    known = [
        each
        for each in authorities
        if each.certificate.not_valid_before_utc + SKEW + lifetimes.overlap <= now and _is_valid(each, now)
    ]
    return (known or authorities)[-1]


def _serves(serving: Pair, hosts: Sequence[str], authorities: list[Pair]) -> bool:
    """Whether the certificate is for these hosts and of one of these CAs."""
    names = serving.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return set(names.get_values_for_type(x509.DNSName)) == set(hosts) and any(
        _signed(serving, authority) for authority in authorities
    )


def _signed(serving: Pair, authority: Pair) -> bool:
    key_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    return serving.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value == key_id
