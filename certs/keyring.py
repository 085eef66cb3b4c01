"""The CAs and the serving certificate of one installation, and when they are replaced.

`renewed` is the whole rule: a pure function of the current keyring and the time. Old and new overlap: a new
CA signs nothing until it has been in the caBundle for a while, and an old CA stays there until it expires.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct, structs

from certs.files import CA_CERT, CA_KEY, TLS_CERT, TLS_KEY
from certs.issue import SKEW, KeyPair, issue_authority, issue_serving


class Lifetimes(Struct, frozen=True, kw_only=True):
    """How long certificates are valid, and when the next is issued."""

    authority: timedelta = timedelta(days=365)
    serving: timedelta = timedelta(days=90)
    renew_at: float = 0.67
    """The fraction of its lifetime after which a certificate is renewed."""
    overlap: timedelta = timedelta(minutes=10)
    """From publishing a new CA to its first signature, so that every API server trusts it by then."""
    skew: timedelta = SKEW
    """How far the clocks of issuer and API servers may differ: certificates are valid that much earlier."""

    @property
    def sync_interval(self) -> timedelta:
        """Between two reads of Secret and caBundle, and so the time until a deleted one is restored.

        At most a quarter of the overlap: every replica has read a new CA long before it signs.
        """
        return min(timedelta(seconds=30), max(timedelta(seconds=1), self.overlap / 4))

    def are_possible(self) -> bool:
        """Whether each certificate stays valid until its successor is in use everywhere."""
        left = 1 - self.renew_at
        return self.overlap < self.authority * left and 2 * self.sync_interval < self.serving * left


DEFAULT_LIFETIMES = Lifetimes()
_NEVER = datetime.max.replace(tzinfo=UTC)


class Keyring(Struct, frozen=True):
    authorities: tuple[KeyPair, ...]
    """The CAs in the caBundle, or about to be published there; oldest first."""
    serving: KeyPair
    published: Mapping[str, datetime] = {}
    """When each CA, by its fingerprint, was first in the caBundle."""

    @property
    def bundle(self) -> bytes:
        """The caBundle, PEM."""
        return b"".join(authority.certificate_pem for authority in self.authorities)


def renewed(
    current: Keyring | None, hosts: Sequence[str], now: datetime, lifetimes: Lifetimes = DEFAULT_LIFETIMES
) -> Keyring:
    """The keyring to use from now on: `current` itself if nothing is due. `now` is timezone-aware."""
    authorities = [each for each in current.authorities if not _is_expired(each, now)] if current else []
    if not authorities or _is_due(authorities[-1], now, lifetimes):
        authorities.append(_new_authority(now, lifetimes))
    published = current.published if current else {}
    signer = _signer(authorities, published, now - lifetimes.overlap)
    serving = current.serving if current else None
    if serving is None or _is_due(serving, now, lifetimes) or not _is_valid_for(serving, hosts, signer):
        serving = _new_serving(signer, hosts, now, lifetimes)
    is_unchanged = current and serving is current.serving and tuple(authorities) == current.authorities
    return current if current and is_unchanged else Keyring(tuple(authorities), serving, published)


def rotated(current: Keyring, now: datetime, lifetimes: Lifetimes = DEFAULT_LIFETIMES) -> Keyring:
    """With a new serving certificate for the same hosts."""
    signer = _signer(current.authorities, current.published, now - lifetimes.overlap)
    serving = _new_serving(signer, _hosts(current.serving), now, lifetimes)
    return structs.replace(current, serving=serving)


def with_new_ca(current: Keyring, now: datetime, lifetimes: Lifetimes = DEFAULT_LIFETIMES) -> Keyring:
    """With one more CA, which signs after the overlap; `current` itself if its newest has not signed yet."""
    if not _is_signed_by(current.serving, current.authorities[-1]):
        return current
    return structs.replace(current, authorities=(*current.authorities, _new_authority(now, lifetimes)))


def without_old_cas(current: Keyring) -> Keyring:
    """With the newest CA alone; `current` itself if that is the only one, or has not signed yet."""
    newest = current.authorities[-1:]
    if current.authorities == newest or not _is_signed_by(current.serving, newest[0]):
        return current
    return structs.replace(current, authorities=newest)


def as_published(current: Keyring, authorities: Sequence[KeyPair], now: datetime) -> Keyring:
    """With a record that these CAs are in the caBundle now; `current` itself if it has that record."""
    new = dict.fromkeys(map(_fingerprint, authorities), now)
    names = [_fingerprint(each) for each in current.authorities]
    published = {name: at for name in names if (at := current.published.get(name) or new.get(name))}
    return current if published == current.published else structs.replace(current, published=published)


def to_secret(keyring: Keyring) -> dict[str, bytes]:
    """The data of a Secret of type `kubernetes.io/tls`. CAs are PEM blocks, oldest first."""
    return {
        CA_CERT: keyring.bundle,
        CA_KEY: b"".join(authority.key_pem for authority in keyring.authorities),
        TLS_CERT: keyring.serving.certificate_pem,
        TLS_KEY: keyring.serving.key_pem,
        _PUBLISHED: msgspec.json.encode(keyring.published),
    }


def from_secret(data: dict[str, bytes]) -> Keyring | None:
    """The keyring in a Secret's data; None if it is empty, damaged, or not issued by podtailor."""
    try:
        certificates = x509.load_pem_x509_certificates(data[CA_CERT])
        keys = [_load_key(pem + _END) for pem in data[CA_KEY].split(_END)[:-1]]
        authorities = tuple(KeyPair(*each) for each in zip(certificates, keys, strict=True))
        serving = KeyPair(x509.load_pem_x509_certificate(data[TLS_CERT]), _load_key(data[TLS_KEY]))
        published = msgspec.json.decode(data.get(_PUBLISHED, b"{}"), type=dict[str, datetime])
        _hosts(serving), _issuer(serving)
        if any(at.tzinfo is None for at in published.values()):
            return None
        pairs = (*authorities, serving)
        keys_match = all(pair.certificate.public_key() == pair.key.public_key() for pair in pairs)
    except (KeyError, ValueError, TypeError, x509.ExtensionNotFound, UnsupportedAlgorithm):
        return None
    return Keyring(authorities, serving, published) if keys_match else None


_PUBLISHED = "published.json"
_END = b"-----END PRIVATE KEY-----\n"


def _load_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not an elliptic curve key, so not issued by podtailor")
    return key


def _is_expired(pair: KeyPair, now: datetime) -> bool:
    return now >= pair.certificate.not_valid_after_utc


def _fingerprint(pair: KeyPair) -> str:
    return pair.certificate.fingerprint(hashes.SHA256()).hex()


def _is_due(pair: KeyPair, now: datetime, lifetimes: Lifetimes) -> bool:
    start = pair.certificate.not_valid_before_utc + lifetimes.skew
    end = pair.certificate.not_valid_after_utc
    return now >= start + (end - start) * lifetimes.renew_at


def _signer(authorities: Sequence[KeyPair], published: Mapping[str, datetime], before: datetime) -> KeyPair:
    """The newest CA that was published before then; if there is none, the oldest: it is published first."""
    known = [each for each in authorities if published.get(_fingerprint(each), _NEVER) <= before]
    return known[-1] if known else authorities[0]


def _new_authority(now: datetime, lifetimes: Lifetimes) -> KeyPair:
    """A CA with the time in its name, so that people can tell which one signed a certificate."""
    return issue_authority(
        now, lifetimes.authority, f"podtailor-ca-{now:%Y%m%dT%H%M%SZ}", skew=lifetimes.skew
    )


def _new_serving(signer: KeyPair, hosts: Sequence[str], now: datetime, lifetimes: Lifetimes) -> KeyPair:
    until = min(now + lifetimes.serving, signer.certificate.not_valid_after_utc)
    return issue_serving(signer, hosts, now, until - now, skew=lifetimes.skew)


def _is_valid_for(serving: KeyPair, hosts: Sequence[str], signer: KeyPair) -> bool:
    """Whether the certificate is for these hosts, and signed by the CA that signs now."""
    return set(_hosts(serving)) == set(hosts) and _is_signed_by(serving, signer)


def _is_signed_by(serving: KeyPair, authority: KeyPair) -> bool:
    key = authority.key.public_key()
    return _issuer(serving) == x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _hosts(serving: KeyPair) -> list[str]:
    names = serving.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)


def _issuer(serving: KeyPair) -> x509.AuthorityKeyIdentifier:
    return serving.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
