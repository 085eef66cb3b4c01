"""Pages of a list, and responses that are not as they should be."""

from __future__ import annotations

import pytest
from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi
from tests.support.pods import Json
from webhook.cluster.pager import Resource, keep_object, objects, pages
from webhook.cluster.request import GoneError

THINGS = Resource("things", "/api/v1/things", keep_object)


def _page(*names: str, more: str = "", left: int = 0) -> Json:
    metadata = {"resourceVersion": "1", "continue": more, "remainingItemCount": left}
    return {"metadata": metadata, "items": [{"metadata": {"name": name}} for name in names]}


def test_all_pages_are_read(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond(_page("a", more="t", left=1), _page("b"))
    assert [found.metadata.name for found in objects(api, THINGS, [("labelSelector", "x=y")])] == ["a", "b"]
    assert fake.requests == [
        {"limit": "500", "labelSelector": "x=y"},
        {"limit": "500", "labelSelector": "x=y", "continue": "t"},
    ]


def test_empty_list_of_metadata_is_null(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
    fake.respond({"metadata": {}, "items": None})
    assert list(objects(api, THINGS, [])) == []


def test_who_wants_to_goes_on_where_the_first_moment_is_too_long_ago(
    fake_cluster: tuple[FakeApi, ApiClient],
) -> None:
    """The API server's own words: `410 ... the response will include a continue token`."""
    fake, api = fake_cluster
    gone = {"kind": "Status", "code": 410, "metadata": {"continue": "later"}, "message": "too old"}
    fake.respond(_page("a", more="t"))
    fake.respond(gone, status=410)
    fake.respond(_page("b"))
    read = pages(api, THINGS, [], allow_inconsistent=True)
    assert [len(page.items or ()) for page in read] == [1, 1]
    assert fake.requests[-1]["continue"] == "later"
    fake.respond(_page("a", more="t"))
    fake.respond(gone, status=410)
    with pytest.raises(GoneError):
        list(pages(api, THINGS, []))
