"""What one installation holds: CAs and a serving certificate, renewed by time alone.

`renewed` is the whole rule, a pure function of what is held and of now. Old and new overlap: a CA signs no
certificate before API servers have been told of it for a while, and none leaves before it expires.
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
from certs.issue import SKEW, Pair, issue_authority, issue_serving


class Lifetimes(Struct, frozen=True):
    """How long certificates are valid, and when the next is issued."""

    authority: timedelta = timedelta(days=365)
    serving: timedelta = timedelta(days=90)
    renew_at: float = 0.67
    """The part of its life after which a certificate is renewed."""
    overlap: timedelta = timedelta(minutes=10)
    """From a new CA to the first certificate that it signs: API servers must have heard of it by then."""
    skew: timedelta = SKEW
    """How far clocks of issuer and API servers may lie apart: certificates are valid that much earlier."""

    @property
    def sync_interval(self) -> timedelta:
        """Between two looks: whoever takes the caBundle away is healed within it.

        A quarter of the overlap at most: all have read what one wrote long before a new CA signs.
        """
        return min(timedelta(seconds=30), max(timedelta(seconds=1), self.overlap / 4))

    def are_possible(self) -> bool:
        """Whether each is still good when the next one is in use everywhere."""
        left = 1 - self.renew_at
        return self.overlap < self.authority * left and 2 * self.sync_interval < self.serving * left


USUAL = Lifetimes()
_NEVER = datetime.max.replace(tzinfo=UTC)


class Keyring(Struct, frozen=True):
    authorities: tuple[Pair, ...]
    """Oldest first; every one of them is to be trusted."""
    serving: Pair
    published: Mapping[str, datetime] = {}
    """Since when an authority, by fingerprint, has been in the caBundle."""

    @property
    def bundle(self) -> bytes:
        """What the API server is to trust, PEM."""
        return b"".join(authority.certificate_pem for authority in self.authorities)


def renewed(
    held: Keyring | None, hosts: Sequence[str], now: datetime, lifetimes: Lifetimes = USUAL
) -> Keyring:
    """What should be held now: `held` itself where nothing is due. `now` is timezone-aware."""
    authorities = [each for each in held.authorities if not _is_expired(each, now)] if held else []
    if not authorities or _is_due(authorities[-1], now, lifetimes):
        authorities.append(_authority(now, lifetimes))
    published = held.published if held else {}
    signer = _signer(authorities, published, now - lifetimes.overlap)
    serving = held.serving if held else None
    if serving is None or _is_due(serving, now, lifetimes) or not _serves(serving, hosts, signer):
        serving = _signed(signer, hosts, now, lifetimes)
    unchanged = held and serving is held.serving and tuple(authorities) == held.authorities
    return held if held and unchanged else Keyring(tuple(authorities), serving, published)


def rotated(held: Keyring, now: datetime, lifetimes: Lifetimes = USUAL) -> Keyring:
    """With a serving certificate that was issued now, for the same hosts."""
    signer = _signer(held.authorities, held.published, now - lifetimes.overlap)
    return structs.replace(held, serving=_signed(signer, _hosts(held.serving), now, lifetimes))


def joined(held: Keyring, now: datetime, lifetimes: Lifetimes = USUAL) -> Keyring:
    """With one more CA, which signs once it has been published for long enough; `held` where one waits."""
    if not _is_signed_by(held.serving, held.authorities[-1]):
        return held
    return structs.replace(held, authorities=(*held.authorities, _authority(now, lifetimes)))


def retired(held: Keyring) -> Keyring:
    """With the newest CA alone; `held` itself where there is none other, or that has not signed yet."""
    newest = held.authorities[-1:]
    if held.authorities == newest or not _is_signed_by(held.serving, newest[0]):
        return held
    return structs.replace(held, authorities=newest)


def as_published(held: Keyring, told: Sequence[Pair], now: datetime) -> Keyring:
    """With the note that `told` are in the caBundle from now on; `held` itself where it has it."""
    new = dict.fromkeys(map(_fingerprint, told), now)
    names = [_fingerprint(each) for each in held.authorities]
    since = {name: at for name in names if (at := held.published.get(name) or new.get(name))}
    return held if since == held.published else structs.replace(held, published=since)


def to_secret(keyring: Keyring) -> dict[str, bytes]:
    """The data of a Secret of type `kubernetes.io/tls`; of several CAs one block each, oldest first."""
    return {
        CA_CERT: keyring.bundle,
        CA_KEY: b"".join(authority.key_pem for authority in keyring.authorities),
        TLS_CERT: keyring.serving.certificate_pem,
        TLS_KEY: keyring.serving.key_pem,
        _PUBLISHED: msgspec.json.encode(keyring.published),
    }


def from_secret(data: dict[str, bytes]) -> Keyring | None:
    """What a Secret holds; None where it is empty or damaged, for then all must be issued anew."""
    try:
        certificates = x509.load_pem_x509_certificates(data[CA_CERT])
        keys = [_key(pem + _END) for pem in data[CA_KEY].split(_END)[:-1]]
        authorities = tuple(Pair(*each) for each in zip(certificates, keys, strict=True))
        serving = Pair(x509.load_pem_x509_certificate(data[TLS_CERT]), _key(data[TLS_KEY]))
        since = msgspec.json.decode(data.get(_PUBLISHED, b"{}"), type=dict[str, datetime])
        _hosts(serving), _issuer(serving)
        if any(at.tzinfo is None for at in since.values()):
            return None
        pairs = (*authorities, serving)
        whole = all(pair.certificate.public_key() == pair.key.public_key() for pair in pairs)
    except (KeyError, ValueError, TypeError, x509.ExtensionNotFound, UnsupportedAlgorithm):
        return None
    return Keyring(authorities, serving, since) if whole else None


_PUBLISHED = "published.json"
_END = b"-----END PRIVATE KEY-----\n"


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("not a key of ours")
    return key


def _is_expired(pair: Pair, now: datetime) -> bool:
    return now >= pair.certificate.not_valid_after_utc


def _fingerprint(pair: Pair) -> str:
    return pair.certificate.fingerprint(hashes.SHA256()).hex()


def _is_due(pair: Pair, now: datetime, lifetimes: Lifetimes) -> bool:
    start = pair.certificate.not_valid_before_utc + lifetimes.skew
    end = pair.certificate.not_valid_after_utc
    return now >= start + (end - start) * lifetimes.renew_at


def _signer(authorities: Sequence[Pair], published: Mapping[str, datetime], before: datetime) -> Pair:
    """The newest CA that was published by then; where there is none, the oldest: it was told of first."""
    known = [each for each in authorities if published.get(_fingerprint(each), _NEVER) <= before]
    return known[-1] if known else authorities[0]


def _authority(now: datetime, lifetimes: Lifetimes) -> Pair:
    """Named by its time: whoever looks can tell which one signed."""
    return issue_authority(
        now, lifetimes.authority, f"podtailor-ca-{now:%Y%m%dT%H%M%SZ}", skew=lifetimes.skew
    )


def _signed(signer: Pair, hosts: Sequence[str], now: datetime, lifetimes: Lifetimes) -> Pair:
    until = min(now + lifetimes.serving, signer.certificate.not_valid_after_utc)
    return issue_serving(signer, hosts, now, until - now, skew=lifetimes.skew)


def _serves(serving: Pair, hosts: Sequence[str], signer: Pair) -> bool:
    """Whether the certificate is for these hosts, and of the CA that signs now."""
    return set(_hosts(serving)) == set(hosts) and _is_signed_by(serving, signer)


def _is_signed_by(serving: Pair, authority: Pair) -> bool:
    key = authority.key.public_key()
    return _issuer(serving) == x509.AuthorityKeyIdentifier.from_issuer_public_key(key)


def _hosts(serving: Pair) -> list[str]:
    names = serving.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return names.get_values_for_type(x509.DNSName)


def _issuer(serving: Pair) -> x509.AuthorityKeyIdentifier:
    return serving.certificate.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value
