"""A reflector with responses that are not as they should be. Good ones are tested end to end."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from kubernetes.client import ApiClient, ApiException

from tests.cluster.fake_api import FakeApi, fake_api
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.cluster import reflector
from webhook.cluster.pager import Object, Resource, list_objects
from webhook.cluster.policy_objects import PolicyObject, policies_of
from webhook.cluster.reflector import Reflector
from webhook.policies import policy_kinds


def _colour(found: Object) -> str:
    labels = found.metadata.labels or {}
    return labels["colour"]


WATCHED = Resource("things", "/api/v1/things", _colour)


def _thing(name: str, colour: str = "red", resource_version: int = 1) -> Json:
    return {
        "metadata": {"name": name, "labels": {"colour": colour}, "resourceVersion": str(resource_version)}
    }


def _list(*things: Json, resource_version: int = 10, more: str = "") -> Json:
    return {"metadata": {"resourceVersion": str(resource_version), "continue": more}, "items": things}


def _events(*events: tuple[str, Json]) -> str:
    return "".join(json.dumps({"type": kind, "object": thing}) + "\n" for kind, thing in events)


class Watched:
    """A reflector that runs, and how often it has reported a change."""

    def __init__(self, fake: FakeApi, api: ApiClient) -> None:
        self.fake = fake
        self.changes = 0
        self.reflector = Reflector(api, WATCHED, self._changed)

    def _changed(self) -> None:
        self.changes += 1

    def start(self) -> None:
        self.reflector.start()

    def holds(self, **colours: str) -> bool:
        return self.reflector.items() == {f"/{name}": colour for name, colour in colours.items()}


@pytest.fixture(autouse=True)
def without_delay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reflector, "_FIRST_PAUSE", 0.01)


@pytest.fixture
def watched() -> Iterator[Watched]:
    with fake_api() as (fake, api):
        made = Watched(fake, api)
        yield made
        made.reflector.stop()
        fake.end()
        if made.reflector.ident:
            made.reflector.join(10)
            assert not made.reflector.is_alive(), "it ends when stopped"


def test_list_of_several_pages() -> None:
    with fake_api() as (fake, api):
        fake.respond(_list(_thing("a"), more="next"), _list(_thing("b"), resource_version=11))
        assert list_objects(api, WATCHED) == ({"/a": "red", "/b": "red"}, "11")
        assert [each.get("continue") for each in fake.requests] == [None, "next"]


def test_watch_goes_on_from_what_was_heard_last(watched: Watched) -> None:
    watched.fake.respond(_list(_thing("a"), _thing("b")))
    watched.fake.respond(
        _events(
            ("ADDED", _thing("c", resource_version=11)),
            ("MODIFIED", _thing("a", "blue", 12)),
            ("DELETED", _thing("b", resource_version=13)),
            ("MODIFIED", _thing("c", resource_version=14)),
            ("BOOKMARK", {"metadata": {"resourceVersion": "20"}}),
        )
    )
    watched.start()
    watched.fake.wait_for(3)
    assert watched.holds(a="blue", c="red")
    assert watched.changes == 4, "the list and three events: the fourth changed nothing that is kept"
    assert watched.fake.requests[2]["resourceVersion"] == "20"


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, _events(("ERROR", {"code": 410, "message": "too old resource version"}))),
        (410, "Gone"),
        (404, "404 page not found"),
        (200, "this is no event\n"),
        (200, _events(("ADDED", {"metadata": {"name": "colourless"}}))),
    ],
    ids=["expired event", "expired", "kind gone", "no JSON", "object of a shape of its own"],
)
def test_lists_again_where_it_cannot_go_on(watched: Watched, status: int, answer: str) -> None:
    """What was deleted meanwhile is gone, though there was no event."""
    watched.fake.respond(_list(_thing("a"), _thing("b")))
    watched.fake.respond(answer, status=status)
    watched.fake.respond(_list(_thing("b", "blue"), resource_version=30))
    watched.start()
    watched.fake.wait_for(4)
    assert watched.holds(b="blue")
    assert watched.fake.requests[3]["resourceVersion"] == "30"


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_refusal_leaves_what_is_held_and_is_said_once(
    watched: Watched, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    watched.fake.respond(_list(_thing("a")))
    watched.fake.respond("no", "no", status=status)
    watched.fake.respond(_events(("ADDED", _thing("b", resource_version=11))))
    watched.start()
    eventually("it watches again", lambda: watched.holds(a="red", b="red"))
    assert [each["resourceVersion"] for each in watched.fake.requests[1:4]] == ["10"] * 3
    warnings = [record.message for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["list or watch failed"]


def test_event_that_breaks_off_is_heard_again(watched: Watched) -> None:
    event = _events(("ADDED", _thing("b", resource_version=11)))
    watched.fake.respond(_list(_thing("a")), event[:20], event)
    watched.start()
    eventually("it is there", lambda: watched.holds(a="red", b="red"))
    assert watched.fake.requests[2]["resourceVersion"] == "10"


def test_is_not_complete_before_the_first_list(watched: Watched, caplog: pytest.LogCaptureFixture) -> None:
    watched.fake.respond("no", status=403)
    watched.start()
    eventually("the refusal is logged", lambda: "list or watch failed" in caplog.messages)
    assert not watched.reflector.synced.is_set()
    watched.fake.respond(_list())
    assert watched.reflector.synced.wait(10)


def test_definition_that_goes_takes_its_objects_along_once_that_lasts(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """For a moment, 404 may be the fault of something in between."""
    monkeypatch.setattr(reflector, "_MISSING_SECONDS", 600.0)
    kind = Resource("things", "/api/v1/things", _colour, is_custom=True)
    with fake_api() as (fake, api):
        custom = Reflector(api, kind, lambda: None)
        fake.respond(_list(_thing("a")))
        custom.list()
        fake.respond("404 page not found", "404 page not found", status=404)
        for _ in range(2):
            with pytest.raises(ApiException):
                custom.list()
        assert custom.items() == {"/a": "red"}
        fake.respond(_list(_thing("b")))
        custom.list()
        assert custom.items() == {"/b": "red"}
        monkeypatch.setattr(reflector, "_MISSING_SECONDS", 0.0)
        fake.respond("404 page not found", status=404)
        custom.list()
        assert (custom.items(), custom.resource_version) == ({}, "")
        assert "the API server does not serve this kind: there are none" in caplog.messages
        fake.respond("404 page not found", status=404)
        builtin = Reflector(api, WATCHED, lambda: None)
        with pytest.raises(ApiException):
            builtin.list()
        assert not builtin.synced.is_set(), "only a custom resource may be missing"


def _spec(made: Reflector[PolicyObject], key: str) -> bytes | None:
    known = made.items().get(key)
    return known.spec if known else None


def test_next_oldest_policy_is_read_where_one_of_the_oldest_goes() -> None:
    """Of those over the limit only the name is held; reading one may fail, and is tried again."""

    def policy(number: int) -> Json:
        created = f"2026-01-01T00:00:{number:02}Z"
        metadata = {"name": f"p{number}", "namespace": "shop", "creationTimestamp": created}
        return {"metadata": {**metadata, "resourceVersion": str(number)}, "spec": {"priority": number}}

    with fake_api() as (fake, api):
        made = Reflector(api, policies_of(policy_kinds.KINDS[1]), lambda: None)
        fake.respond(_list(*map(policy, range(22)), resource_version=50))
        made.start()
        fake.respond(
            _events(
                ("DELETED", {**policy(4), "metadata": {**policy(4)["metadata"], "resourceVersion": "51"}})
            )
        )
        fake.respond("later", status=503)
        fake.respond(_list(policy(20), resource_version=51))
        eventually("it is held whole", lambda: _spec(made, "shop/p20") == b'{"priority": 20}')
        assert (
            fake.requests[3]
            == fake.requests[2]
            == {
                "limit": "50",
                "fieldSelector": "metadata.namespace=shop,metadata.name=p20",
                "resourceVersion": "51",
                "resourceVersionMatch": "NotOlderThan",
            }
        )
        assert [key for key, each in made.items().items() if each.is_excess] == ["shop/p21"]
        assert made.take_changes()[0]["shop/p4"] is None
        made.stop()
        fake.end()
