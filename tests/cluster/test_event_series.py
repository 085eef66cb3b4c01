"""Occurrences are put together into few Events, in bounded memory."""

from __future__ import annotations

import re

import pytest

from webhook.cluster.event_series import MAX_IN_A_NAMESPACE, MAX_SERIES, EventSeries, Occurrence, Series, note
from webhook.model.denial import ObjectReference

AT = 1_800_000_000.0


def _occurrence(
    name: str = "web-7d", namespace: str = "shop", policies: tuple[str, ...] = ("p",)
) -> Occurrence:
    owner = ObjectReference("apps/v1", "ReplicaSet", name, namespace, f"uid-{name}")
    return Occurrence(owner, "PodDenied", "CreatePod", policies, "Pod refused by policy p")


def _next(events: EventSeries, at: float = AT) -> Series:
    series = events.next(at)
    assert series
    return series


def test_many_occurrences_are_one_series_that_is_written_ever_more_rarely() -> None:
    events, now, writes = EventSeries(), 0.0, []
    for second in range(1000):
        now = float(second)
        assert events.add(_occurrence(), AT + second, now)
        series = _next(events, AT + second)
        if series.due <= now:
            events.wrote(series, series.count, now)
            writes.append(series.written)
    assert writes[:4] == [1, 3, 7, 15]
    assert len(writes) < 25
    assert writes[-1] > 900


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(_occurrence("api-5c"), id="of another owner"),
        pytest.param(_occurrence(namespace="other"), id="in another namespace"),
        pytest.param(_occurrence(policies=("q",)), id="by another policy"),
    ],
)
def test_series_of_its_own(other: Occurrence) -> None:
    events = EventSeries()
    for each in (_occurrence(), other):
        events.add(each, AT, 0.0)
    first = _next(events)
    events.wrote(first, 1, 0.0)
    assert _next(events).first == other
    assert first.name("pod") != _next(events).name("pod")


def test_what_is_kept_is_bounded_and_one_namespace_leaves_room_for_others() -> None:
    events = EventSeries()
    crowd = [events.add(_occurrence(f"web-{number}"), AT, 0.0) for number in range(1000)]
    assert sum(crowd) == MAX_IN_A_NAMESPACE
    spread = [events.add(_occurrence(namespace=f"n{number}"), AT, 0.0) for number in range(1000)]
    assert sum(spread) == MAX_SERIES - MAX_IN_A_NAMESPACE
    assert events.add(_occurrence("web-0"), AT, 0.0), "those that are there are counted"


def test_series_that_is_over_makes_room() -> None:
    events = EventSeries()
    events.add(_occurrence(), AT, 0.0)
    events.wrote(_next(events), 1, 0.0)
    assert events.next(AT + 601) is None
    events.add(_occurrence(), AT + 700, 700.0)
    assert (_next(events).count, _next(events).written) == (1, 0), "a new Event"


def test_event_that_has_expired_becomes_another_with_what_was_not_written() -> None:
    events = EventSeries()
    events.add(_occurrence(), AT, 0.0)
    series = _next(events)
    old = series.name("pod")
    events.wrote(series, 1, 0.0)
    events.add(_occurrence(), AT + 5, 5.0)
    events.add(_occurrence(), AT + 6, 6.0)
    events.begin_again(series, 6.0)
    assert (series.count, series.written, series.began) == (2, 0, AT + 6)
    assert series.name("pod") != old


@pytest.mark.parametrize(
    ("owner", "prefix"),
    [
        pytest.param("web-7d", "web-7d", id="as the owner"),
        pytest.param("a" * 253, "a" * 236, id="truncated"),
        pytest.param("a" * 235 + "." + "b" * 17, "a" * 235, id="truncated before a dot"),
        pytest.param("../Secrets", "podtailor", id="not an owner's name"),
    ],
)
def test_name_is_valid(owner: str, prefix: str) -> None:
    name = Series(first=_occurrence(owner), began=AT, last=AT, due=0.0).name("podtailor-1")
    assert name.rpartition(".")[0] == prefix
    assert len(name) <= 253
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", name)


def test_note_is_short_in_bytes_too() -> None:
    assert note("as it is") == "as it is"
    assert len(note("é" * 2000).encode()) <= 1024
    assert "\n" not in note("two\nlines")
