"""Registries that have answered enough."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests.images.registry.fake_registry import (
    ELSEWHERE,
    HOSTS,
    Contents,
    FakeRegistry,
    Reply,
    Request,
    fake_registry,
    index,
    trust,
)
from webhook.images.reference import Reference
from webhook.images.registry.client import Registry
from webhook.images.registry.image import RegistryError
from webhook.images.registry.limits import Limits

_CONTENTS = Contents({"1": index("linux/arm64"), "2": index("linux/amd64")})


class _Clock:
    def __init__(self) -> None:
        self.time = 1000.0
        self.limits = Limits(now=lambda: self.time)

    def stopped_for(self, host: str = "r.example") -> float:
        """The seconds until it is asked again, up to a little more than six hours."""
        start = self.time
        for seconds in (0, 1, 59, 60, 61, 120, 3600, 21_600, 21_601):
            self.time = start + seconds
            try:
                self.limits.check(host)
            except RegistryError:
                continue
            self.time = start
            return seconds
        raise AssertionError("for ever")


@pytest.mark.parametrize(
    ("remaining", "limit", "seconds"),
    [
        ("100;w=21600", "100;w=21600", 0),
        ("20;w=21600", "100;w=21600", 0),
        ("19;w=21600", "100;w=21600", 21_600),
        ("0", "100", 21_600),
        ("1; w=60", "10; w=60", 60),
        ("1, 1;w=60", "10, 10;w=60", 21_600),
        ("19", "0", 0),
        ("0", None, 0),
        (None, "100", 0),
        ("", "", 0),
        ("x", "100", 0),
        ("-1", "100", 0),
        ("0", "9" * 5000, 0),
    ],
)
def test_remaining(remaining: str | None, limit: str | None, seconds: float) -> None:
    clock = _Clock()
    named = {"RateLimit-Remaining": remaining, "RateLimit-Limit": limit}
    clock.limits.note("r.example", 200, {name: value for name, value in named.items() if value is not None})
    assert clock.stopped_for() == seconds
    assert clock.stopped_for("other.example") == 0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 60),
        ({"Retry-After": "120"}, 120),
        ({"Retry-After": "0"}, 0),
        ({"Retry-After": "9" * 400}, 21_600),
        ({"Retry-After": "9" * 5000}, 60),
        ({"Retry-After": "soon"}, 60),
        ({"Retry-After": "-1"}, 60),
        ({"Retry-After": "Fri, 31 Dec 99999999 23:59:59 GMT"}, 60),
        ({"Retry-After": "Sat, 01 Jan 2000 00:00:00 GMT"}, 0),
        ({"RateLimit-Remaining": "0", "RateLimit-Limit": "100"}, 60),
    ],
)
def test_too_many_requests(headers: Mapping[str, str], seconds: float) -> None:
    clock = _Clock()
    clock.limits.note("r.example", 429, headers)
    assert clock.stopped_for() == seconds


def test_date_of_the_next_request() -> None:
    clock = _Clock()
    date = datetime.now(UTC) + timedelta(minutes=30)
    clock.limits.note("r.example", 429, {"Retry-After": format_datetime(date, usegmt=True)})
    assert clock.stopped_for() == 3600


def test_host_that_does_not_answer_is_not_asked_for_a_minute() -> None:
    clock = _Clock()
    for _ in range(2):
        clock.limits.failed("r.example", "no connection")
    assert clock.stopped_for() == 0
    clock.limits.failed("other.example", "no connection")
    assert clock.stopped_for() == 0
    clock.limits.failed("r.example", "no connection")
    assert clock.stopped_for() == 60
    with pytest.raises(RegistryError, match="no connection"):
        clock.limits.check("r.example")


def test_an_answer_in_between_counts_from_the_start() -> None:
    clock = _Clock()
    for _ in range(4):
        clock.limits.failed("r.example", "no connection")
        clock.limits.note("r.example", 404, {})
    assert clock.stopped_for() == 0


def _registry(certificates: Path) -> Registry:
    return Registry(private_hosts=HOSTS, tls=trust(certificates), resolve=lambda *_: ["127.0.0.1"])


def _failure(registry: Registry, fake: FakeRegistry) -> str:
    with pytest.raises(RegistryError) as raised:
        registry.platforms(Reference(fake.host, "app", "2", None))
    return str(raised.value)


@pytest.mark.parametrize("headers", [{}, {"Retry-After": "120"}])
def test_refused_registry_is_not_asked_again(certificates: Path, headers: Mapping[str, str]) -> None:
    registry = _registry(certificates)
    with fake_registry(certificates, lambda _: Reply(429, b"", headers)) as fake:
        for _ in range(3):
            assert _failure(registry, fake) == f"429 from {fake.host}"
        assert len(fake.requests) == 1
        # Another host is asked.
        fake.reply = _CONTENTS.reply
        registry.platforms(Reference(f"{ELSEWHERE}:{fake.port}", "app", "1", None))


def test_falling_limit(certificates: Path) -> None:
    """What it allows is never used up: a fifth is left to the Nodes."""
    left = iter(range(25, 0, -1))

    def reply(request: Request) -> Reply:
        answer = _CONTENTS.reply(request)
        headers = {"RateLimit-Limit": "100;w=21600", "RateLimit-Remaining": f"{next(left)};w=21600"}
        return answer._replace(headers={**answer.headers, **headers})

    with fake_registry(certificates, reply) as fake:
        for _ in range(3):
            _registry(certificates).platforms(Reference(fake.host, "app", "1", None))
        registry = _registry(certificates)
        # The HEAD says 19: no GET follows, nor anything else.
        for _ in range(3):
            failure = _failure(registry, fake)
            assert failure == f"19 of 100 requests left at {fake.host}, which are for Nodes"
    assert len(fake.requests) == 7
