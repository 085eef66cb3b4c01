"""Which connections are dropped when there are too many. test_hostile tests it with real ones."""

from __future__ import annotations

import pytest

from webhook.server.limits import Limits

LIMIT = 100
API_SERVER = "10.0.0.1"


class Fake:
    def __init__(
        self, address: str, state: str = "idle", since: float = 0, *, reviewed: bool = False
    ) -> None:
        self.address, self.since, self.has_reviewed = address, since, reviewed
        self.is_reading, self.is_answering = state == "reading", state == "answering"
        self.held_bytes = 0
        self.dropped = False

    def drop(self) -> None:
        self.dropped = True


def _others(state: str, *, reviewed: bool, addresses: int) -> list[Fake]:
    return [
        Fake(f"10.1.0.{number % addresses}", state, since=10 + number, reviewed=reviewed)
        for number in range(LIMIT)
    ]


@pytest.mark.parametrize("state", ["idle", "reading"])
@pytest.mark.parametrize(
    ("addresses", "reviewed"),
    [
        pytest.param(1, False, id="others at one address"),
        pytest.param(1, True, id="others at one address with reviews"),
        pytest.param(LIMIT, False, id="others at many addresses"),
    ],
)
def test_kept_and_new_connections_of_the_api_server_stay(
    state: str, addresses: int, *, reviewed: bool
) -> None:
    limits = Limits(LIMIT)
    kept = [Fake(API_SERVER, since=5, reviewed=True) for _ in range(10)]
    for each in (*kept, *_others(state, reviewed=reviewed, addresses=addresses)):
        limits.add(each)
    new = Fake(API_SERVER, since=1000)
    limits.add(new)
    for late in _others("idle", reviewed=False, addresses=addresses):
        limits.add(late)
    assert not any(each.dropped for each in (*kept, new))


def test_connections_being_answered_stay_and_a_new_one_is_dropped() -> None:
    limits = Limits(LIMIT)
    answered = [Fake("10.1.0.1", "answering") for _ in range(LIMIT)]
    for each in answered:
        limits.add(each)
    new = Fake(API_SERVER)
    limits.add(new)
    assert new.dropped
    assert not any(each.dropped for each in answered)


def test_incomplete_requests_and_oldest_are_dropped_first() -> None:
    limits = Limits(4)
    idle, old, young = Fake("a", since=1), Fake("a", "reading", since=2), Fake("a", "reading", since=3)
    stay = Fake("a", since=0, reviewed=True)
    for each in (idle, old, young, stay):
        limits.add(each)
    gone = []
    for _ in range(3):
        limits.add(Fake("b", "answering"))
        gone += [each for each in (idle, old, young, stay) if each.dropped and each not in gone]
    assert gone == [old, young, idle]


def test_large_incomplete_requests_are_dropped_when_bytes_run_out() -> None:
    limits = Limits(LIMIT, max_bytes=1000)
    kept = Fake(API_SERVER, reviewed=True)
    small, large = Fake("a", "reading"), [Fake("a", "reading", since=number) for number in range(5)]
    for each in (kept, small, *large):
        limits.add(each)
    limits.hold(kept, 100)
    limits.hold(small, 10)
    for each in large:
        limits.hold(each, 200)
    # Down to nine tenths, so that not every byte drops another.
    assert [each.dropped for each in large] == [True, True, False, False, False]
    assert not kept.dropped
    assert not small.dropped
    for each in large:
        limits.remove(each)
    limits.hold(large[1], -200)  # dropped before: no longer counted
    limits.hold(kept, 800)
    assert not kept.dropped
    assert limits.is_too_much_to_keep(kept)
