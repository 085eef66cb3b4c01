"""Whether the caBundle, the Secret and what is served agree."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from msgspec import Struct

from certs.inspect import CertificateInfo, parse_certificates, trust_problem
from webhook.certificates.probe import ProbeResult


class Checked(Struct, frozen=True):
    """One thing that was looked at."""

    what: str
    problem: str = ""
    """Empty where nothing is wrong."""
    until: datetime | None = None
    """When the first certificate of it expires, UTC."""


def check(
    bundle: bytes,
    secret: tuple[str, bytes, bytes] | None,
    replicas: Iterable[ProbeResult],
    now: datetime,
    within: timedelta,
) -> Iterator[Checked]:
    """`secret`: its name, `tls.crt` and `ca.crt`, PEM. What expires `within` that time is a problem already.

    An empty `ca.crt` is none that the caBundle has to agree with.
    """
    trusted = _facts(bundle)
    wrong = "" if trusted else "it is empty or no PEM, so the API server trusts nobody"
    known = {each.sha256 for each in _facts(secret[2])} if secret else set()
    if known and any(each.sha256 not in known for each in trusted):
        wrong = "it trusts a CA that the Secret does not hold; it is written within half a minute"
    yield _judged("caBundle", wrong, trusted[-1:], now, within)  # those before it are on their way out
    if secret:
        name, pem, _ = secret
        held = _facts(pem)
        reason = trust_problem(pem, bundle, now) if held else "is not there"
        yield _judged(name, f"its certificate {reason}" if reason else "", held, now, within)
    for replica in replicas:
        serves = _facts(replica.certificate)
        wrong = replica.problem
        if not wrong and secret and serves[:1] != held[:1]:
            wrong = "it serves another certificate than the Secret holds, which it reads within half a minute"
        yield _judged(f"Pod {replica.replica}", wrong, serves, now, within)


def _judged(
    what: str, problem: str, facts: list[CertificateInfo], now: datetime, within: timedelta
) -> Checked:
    """By the first certificate: the others are its chain."""
    until = facts[0].not_after if facts else None
    if not problem and until and until - now < within:
        problem = f"its certificate expires {until:%Y-%m-%d %H:%M} UTC"
    return Checked(what, problem, until)


def _facts(pem: bytes) -> list[CertificateInfo]:
    try:
        return parse_certificates(pem)
    except ValueError:
        return []
