"""Whether the caBundle, the Secret and the certificates that replicas serve agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, structs

from certs.inspect import CertificateInfo, parse_certificates, trust_problem
from webhook.certificates.probe import ProbeResult


class CertificateProblem(StrEnum):
    """Names in docs/messages.md."""

    NOT_INSTALLED = "not-installed"
    EMPTY_CA_BUNDLE = "empty-ca-bundle"
    UNKNOWN_CA = "unknown-ca"
    UNTRUSTED_CERTIFICATE = "untrusted-certificate"
    OTHER_CERTIFICATE = "other-certificate"
    NO_HANDSHAKE = "no-handshake"
    EXPIRING_CERTIFICATE = "expiring-certificate"
    LOCKOUT = "lockout"
    NO_REPLICA = "no-replica"


class CheckResult(Struct, frozen=True):
    subject: str
    """What was checked, as in `Pod NAME`."""
    problem: str = ""
    """Empty if nothing is wrong."""
    name: CertificateProblem | None = None
    """Of the problem."""
    until: datetime | None = None
    """When its first certificate expires, UTC."""


def check(
    bundle: bytes,
    secret: tuple[str, bytes, bytes] | None,
    replicas: Iterable[ProbeResult],
    now: datetime,
    within: timedelta,
) -> Iterator[CheckResult]:
    """`secret`: its name, `tls.crt` and `ca.crt`, PEM. A certificate that expires `within` is a problem.

    If `ca.crt` is empty, the caBundle is not compared with it.
    """
    trusted = _certificates(bundle)
    name = CertificateProblem.EMPTY_CA_BUNDLE
    problem = "" if trusted else "it is empty or not PEM, so the API server trusts no certificate"
    known = {each.sha256 for each in _certificates(secret[2])} if secret else set()
    if known and any(each.sha256 not in known for each in trusted):
        name = CertificateProblem.UNKNOWN_CA
        problem = "it has a CA that is not in the Secret; replicas correct it within half a minute"
    newest = trusted[-1:]  # older CAs are about to expire
    yield _result(CheckResult("caBundle", problem, name), newest, now, within)
    if secret:
        subject, pem, _ = secret
        stored = _certificates(pem)
        reason = trust_problem(pem, bundle, now) if stored else "is missing"
        problem = f"its certificate {reason}" if reason else ""
        yield _result(
            CheckResult(subject, problem, CertificateProblem.UNTRUSTED_CERTIFICATE), stored, now, within
        )
    for replica in replicas:
        served = _certificates(replica.certificate)
        problem, name = replica.problem, CertificateProblem.NO_HANDSHAKE
        if not problem and secret and served[:1] != stored[:1]:
            problem = "it does not serve the Secret's certificate, which it reloads within half a minute"
            name = CertificateProblem.OTHER_CERTIFICATE
        yield _result(CheckResult(f"Pod {replica.replica}", problem, name), served, now, within)


def _result(
    result: CheckResult, certificates: list[CertificateInfo], now: datetime, within: timedelta
) -> CheckResult:
    """By the first certificate: the others are its chain."""
    until = certificates[0].not_after if certificates else None
    if result.problem:
        return structs.replace(result, until=until)
    if until and until - now < within:
        problem = f"its certificate expires {until:%Y-%m-%d %H:%M} UTC"
        return CheckResult(result.subject, problem, CertificateProblem.EXPIRING_CERTIFICATE, until)
    return CheckResult(result.subject, until=until)


def _certificates(pem: bytes) -> list[CertificateInfo]:
    try:
        return parse_certificates(pem)
    except ValueError:
        return []
