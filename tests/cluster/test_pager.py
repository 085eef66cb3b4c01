"""Pages of a list, and responses that are not as they should be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from kubernetes.client import ApiClient, ApiException

from tests.cluster.fake_api import FakeApi, fake_api
from tests.support.pods import Json
from webhook.audit.costs.costing import costing_of
from webhook.audit.findings import Finding, Item, Verdict
from webhook.audit.reports.publish import Publisher
from webhook.audit.summary import Summary
from webhook.cluster.pager import Resource, keep_object, objects, pages
from webhook.cluster.request import GoneError
from webhook.errors import ClusterError
from webhook.model.pod import PodView
from webhook.workloads.workload import Ref, Workload

THINGS = Resource("things", "/api/v1/things", keep_object)


@pytest.fixture
def asked() -> Iterator[tuple[FakeApi, ApiClient]]:
    with fake_api() as pair:
        yield pair


def _page(*names: str, more: str = "", left: int = 0) -> Json:
    metadata = {"resourceVersion": "1", "continue": more, "remainingItemCount": left}
    return {"metadata": metadata, "items": [{"metadata": {"name": name}} for name in names]}


def test_all_pages_are_read(asked: tuple[FakeApi, ApiClient]) -> None:
    fake, api = asked
    fake.respond(_page("a", more="t", left=1), _page("b"))
    assert [found.metadata.name for found in objects(api, THINGS, [("labelSelector", "x=y")])] == ["a", "b"]
    assert fake.requests == [
        {"limit": "500", "labelSelector": "x=y"},
        {"limit": "500", "labelSelector": "x=y", "continue": "t"},
    ]


def test_empty_list_of_metadata_is_null(asked: tuple[FakeApi, ApiClient]) -> None:
    fake, api = asked
    fake.respond({"metadata": {}, "items": None})
    assert list(objects(api, THINGS, [])) == []


def test_who_wants_to_goes_on_where_the_first_moment_is_too_long_ago(
    asked: tuple[FakeApi, ApiClient],
) -> None:
    """The API server's own words: `410 ... the response will include a continue token`."""
    fake, api = asked
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


def test_refusal_is_in_the_words_of_the_api_server(asked: tuple[FakeApi, ApiClient]) -> None:
    fake, api = asked
    fake.respond({"kind": "Status", "message": "unable to parse requirement"}, status=400)
    with pytest.raises(ApiException, match="unable to parse requirement"):
        list(objects(api, THINGS, []))
    fake.respond("<html>a proxy</html>", status=502)
    with pytest.raises(ApiException, match="502"):
        list(objects(api, THINGS, []))


def test_who_may_not_read_nodes_is_told_so_and_nothing_else(asked: tuple[FakeApi, ApiClient]) -> None:
    fake, api = asked
    fake.respond({"kind": "Status", "message": "nodes is forbidden"}, status=403)
    assert costing_of(api) == (None, "nodes: 403 nodes is forbidden")
    fake.respond({}, status=500)
    with pytest.raises(ClusterError):
        costing_of(api)


def test_report_that_is_not_taken_is_not_deleted(asked: tuple[FakeApi, ApiClient]) -> None:
    fake, api = asked
    there = {"metadata": {"name": "podtailor", "namespace": "shop"}}
    fake.respond({"metadata": {}, "items": [there]}, {"metadata": {"uid": "u"}})
    warned: list[str] = []
    publisher = Publisher(api, None, warned.append)
    summary = Summary()
    ref = Ref("Pod", "shop", "p")
    workload = Workload(ref=ref, owner=ref, admitted=PodView(), written=PodView())
    summary.add(workload, Verdict(items=(Item(Finding.PASS),)))
    fake.respond({"message": "exceeded quota"}, status=403)
    publisher.publish(summary, datetime.now(UTC))
    assert warned == ["report of namespace shop: 403 exceeded quota"]
    assert len(fake.requests) == 3, "its list, its owner, its Report, and no more"
