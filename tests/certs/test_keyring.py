"""When certificates are renewed: every row is a moment in the life of an installation."""

from __future__ import annotations

import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.exceptions import InvalidSignature

from certs.issue import issue_authority
from certs.keyring import (
    Keyring,
    Lifetimes,
    as_published,
    from_secret,
    renewed,
    rotated,
    to_secret,
    with_new_ca,
    without_old_cas,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
HOSTS = ["podtailor-webhook.podtailor-system.svc", "localhost"]
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
LIFETIMES = Lifetimes(authority=300 * DAY, serving=60 * DAY, renew_at=2 / 3)


def at(held: Keyring | None, after: timedelta) -> Keyring:
    return renewed(held, HOSTS, START + after, LIFETIMES)


FIRST = at(None, timedelta())


def test_first_keyring_is_issued_at_once() -> None:
    assert len(FIRST.authorities) == 1
    assert FIRST.serving.certificate.issuer == FIRST.authorities[0].certificate.subject


@pytest.mark.parametrize("after", [timedelta(), MINUTE, 40 * DAY - MINUTE])
def test_nothing_due_changes_nothing(after: timedelta) -> None:
    assert at(FIRST, after) is FIRST


def test_serving_certificate_is_renewed_after_two_thirds_of_its_life() -> None:
    later = at(FIRST, 40 * DAY)
    assert later.authorities == FIRST.authorities
    assert later.serving != FIRST.serving
    assert later.serving.certificate.not_valid_after_utc == START + 100 * DAY


def test_new_authority_signs_ten_minutes_after_it_was_published() -> None:
    first = as_published(FIRST, FIRST.authorities, START)
    due = at(at(first, 190 * DAY), 200 * DAY)
    old, new = due.authorities
    held = as_published(due, due.authorities, START + 205 * DAY)
    assert as_published(held, held.authorities, START + 206 * DAY) is held
    assert at(held, 205 * DAY + 9 * MINUTE) is held
    for after, signer in ((9 * MINUTE, old), (10 * MINUTE, new)):
        keyring = renewed(held, [*HOSTS, "other"], START + 205 * DAY + after, LIFETIMES)
        assert _signed_by(keyring) == signer.certificate.public_key()


def test_new_authority_that_was_never_published_signs_nothing() -> None:
    held = as_published(FIRST, FIRST.authorities, START)
    for day in range(0, 300, 10):
        held = at(held, day * DAY)
        assert _signed_by(held) == FIRST.authorities[0].certificate.public_key()
    assert len(held.authorities) == 2


def test_authority_issued_by_a_faster_clock_stays() -> None:
    assert at(FIRST, -10 * MINUTE) is FIRST


def _signed_by(keyring: Keyring) -> object:
    for authority in keyring.authorities:
        with suppress(InvalidSignature, ValueError):
            keyring.serving.certificate.verify_directly_issued_by(authority.certificate)
            return authority.certificate.public_key()
    return None


def test_authority_stays_until_it_expires() -> None:
    held = at(at(FIRST, 200 * DAY), 299 * DAY)
    assert len(held.authorities) == 2
    assert len(at(held, 300 * DAY).authorities) == 1


def test_no_certificate_outlives_its_authority() -> None:
    held: Keyring | None = None
    for day in range(0, 1200, 5):
        held = at(held, day * DAY)
        signer = next(each for each in held.authorities if each.certificate.public_key() == _signed_by(held))
        leaf = held.serving.certificate
        assert leaf.not_valid_after_utc <= signer.certificate.not_valid_after_utc
        assert leaf.not_valid_before_utc <= START + day * DAY < leaf.not_valid_after_utc
        assert signer in held.authorities


def test_other_hosts_get_another_certificate() -> None:
    assert renewed(FIRST, ["other.example"], START, LIFETIMES).serving != FIRST.serving


def test_after_all_has_expired_all_is_new() -> None:
    later = at(FIRST, 1000 * DAY)
    assert later.authorities[0] not in FIRST.authorities
    assert len(later.authorities) == 1


class TestSecret:
    def test_round_trip(self) -> None:
        both = at(FIRST, 200 * DAY)
        read = from_secret(to_secret(both))
        assert read is not None
        assert to_secret(read) == to_secret(both)
        assert renewed(read, HOSTS, START + 200 * DAY, LIFETIMES) is read

    @pytest.mark.parametrize("name", ["ca.crt", "ca.key", "tls.crt", "tls.key"])
    @pytest.mark.parametrize("content", [None, b"", b"nonsense", to_secret(at(None, DAY))["tls.key"]])
    def test_damaged_secret_holds_no_keyring(self, name: str, content: bytes | None) -> None:
        data = to_secret(FIRST)
        damaged = {key: value for key, value in data.items() if key != name}
        if content is not None:
            damaged[name] = content
        assert from_secret(damaged) is None

    def test_certificates_issued_by_others_are_no_keyring(self) -> None:
        """They lack the key identifiers and host names that podtailor's certificates have."""
        other = issue_authority(START, DAY)
        data = {
            "ca.crt": other.certificate_pem,
            "ca.key": other.key_pem,
            "tls.crt": other.certificate_pem,
            "tls.key": other.key_pem,
        }
        assert from_secret(data) is None

    def test_time_of_publishing_is_kept(self) -> None:
        held = as_published(FIRST, FIRST.authorities, START)
        read = from_secret(to_secret(held))
        assert read is not None
        assert as_published(read, read.authorities, START + DAY) is read

    def test_clients_accept_the_bundle(self) -> None:
        both = at(FIRST, 200 * DAY)
        context = ssl.create_default_context(cadata=both.bundle.decode())
        assert len(context.get_ca_certs()) == 2


def test_early_rotation_keeps_the_hosts() -> None:
    held = FIRST
    after = rotated(held, START + DAY, LIFETIMES)
    assert after.authorities == held.authorities
    assert after.serving.certificate.serial_number != held.serving.certificate.serial_number
    assert at(after, DAY) is after


def test_new_ca_signs_after_the_overlap_and_then_the_old_one_can_go() -> None:
    held = as_published(FIRST, FIRST.authorities, START)
    two = with_new_ca(held, START + DAY, LIFETIMES)
    assert at(two, DAY).serving is held.serving, "the new CA is not published yet"
    assert without_old_cas(two) is two, "the serving certificate is signed by the old CA"
    published = as_published(two, two.authorities, START + DAY)
    early = DAY + LIFETIMES.overlap - timedelta(seconds=1)
    assert at(published, early).serving is held.serving
    signed = at(published, early + timedelta(seconds=1))
    signed.serving.certificate.verify_directly_issued_by(signed.authorities[1].certificate)
    alone = without_old_cas(signed)
    assert alone.authorities == signed.authorities[1:]
    assert at(alone, 2 * DAY) is alone
