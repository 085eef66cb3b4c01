"""Queries in parts."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading

import pytest

from webhook.model.notice import Notice
from webhook.usage.prometheus.answers import QueryError, Series, TooMuchError
from webhook.usage.prometheus.asking import Asking
from webhook.usage.prometheus.queries import Scope

_PODS = ["web-a", "web-5", "app-z", "app-0", "cart-0", "0", "-0"]
_TOO_MUCH = TooMuchError(Notice("too-many-samples", ""))


class _Server:
    """Gives so many Pods at once, and no more."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.scopes: list[str] = []

    def query(self, scope: Scope) -> list[Series]:
        selector = scope.select()
        self.scopes.append(selector)
        names = re.search(r'pod=~"(.*?)"', selector)
        found = [each for each in _PODS if not names or re.fullmatch(names[1], each)]
        if len(found) > self.limit:
            raise _TOO_MUCH
        return [Series({"pod": each}, []) for each in found]


def _names(series: list[Series]) -> list[str]:
    return sorted(each.labels["pod"] for each in series)


def test_one_query_if_the_server_takes_it() -> None:
    server, asking = _Server(7), Asking(Scope("shop"), 1)
    assert _names(asking.one(server.query)) == sorted(_PODS)
    assert server.scopes == ['{namespace="shop"}']
    assert asking.notes == ()


@pytest.mark.parametrize("limit", [1, 2, 3, 6])
def test_parts_are_the_whole_and_remembered(limit: int) -> None:
    server, asking = _Server(limit), Asking(Scope("shop"), 1)
    assert _names(asking.one(server.query)) == sorted(_PODS)
    refused = len(server.scopes)
    assert _names(asking.one(server.query)) == sorted(_PODS)
    assert len(server.scopes) - refused < refused
    (note,) = asking.notes
    assert note.reason == "usage-in-parts"
    assert f"in {len(server.scopes) - refused} parts" in note.detail


def test_too_much_in_the_smallest_part_is_found_soon() -> None:
    server = _Server(-1)
    with pytest.raises(TooMuchError):
        Asking(Scope("shop"), 1).one(server.query)
    assert len(server.scopes) < 10


def test_other_errors_split_nothing() -> None:
    asked = []

    def refuse(scope: Scope) -> list[Series]:
        asked.append(scope)
        raise QueryError(Notice("query-refused", ""))

    with pytest.raises(QueryError):
        Asking(Scope("shop"), 2).all([refuse])
    assert len(asked) == 1


def test_several_queries_at_once_and_no_more() -> None:
    both = threading.Barrier(2, timeout=10)

    def wait(_: Scope) -> list[Series]:
        both.wait()
        return []

    assert Asking(Scope("shop"), 2).all([wait, wait, wait, wait]) == [[], [], [], []]


def test_query_after_one_that_fails_is_not_asked() -> None:
    asked = []

    def refuse(scope: Scope) -> list[Series]:
        asked.append(scope)
        raise QueryError(Notice("query-refused", ""))

    with pytest.raises(QueryError):
        Asking(Scope("shop"), 1).all([refuse, refuse, refuse])
    assert len(asked) == 1


_WAITS = """
import threading
from webhook.usage.prometheus.asking import Asking
from webhook.usage.prometheus.queries import Scope

def wait(scope):
    print("asked", flush=True)
    threading.Event().wait()

Asking(Scope("shop"), 2).all([wait])
"""


def test_ctrl_c_waits_for_no_server() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _WAITS], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "asked\n"
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(20) != 0
        finally:
            process.kill()
