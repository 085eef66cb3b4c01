"""Reports in the cluster: which are written, and which deleted."""

from __future__ import annotations

from datetime import UTC, datetime

from kubernetes.client import ApiClient

from tests.cluster.fake_api import FakeApi
from webhook.audit.findings import Finding, Item, Verdict
from webhook.audit.reports.publish import Publisher
from webhook.audit.summary import Summary
from webhook.model.pod import PodView
from webhook.workloads.workload import Ref, Workload


def test_report_that_is_not_taken_is_not_deleted(fake_cluster: tuple[FakeApi, ApiClient]) -> None:
    fake, api = fake_cluster
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
