"""Rows and totals by owner and namespace."""

from __future__ import annotations

from collections import Counter

from msgspec import structs

from tests.audit.verdicts import VIEW, WEB, judged, live_pod, verdict_with
from tests.support.pods import pod, policy, snapshot
from webhook.audit.enforcement import NOT_ENFORCED
from webhook.audit.findings import SIZES, Finding, Item
from webhook.audit.summary import Auditor, SizesOf, Summary
from webhook.model.notice import Notice
from webhook.workloads.workload import Workload


def test_row_is_as_bad_as_the_worst_of_its_pods() -> None:
    summary = Summary()
    summary.add(
        Workload(ref=WEB, owner=WEB, admitted=VIEW, written=VIEW, replicas=0), verdict_with(Finding.PASS)
    )
    summary.add(live_pod("web-1", WEB), verdict_with(Finding.WOULD_CHANGE))
    summary.add(live_pod("web-2", WEB), verdict_with(Finding.SLIPPED_THROUGH))
    skipped = structs.replace(verdict_with(Finding.SKIPPED), skipped=Notice("opted-out", "label"))
    summary.add(live_pod("own"), skipped)
    worst, other = summary.rows
    assert (worst.owner, worst.finding) == (WEB, Finding.SLIPPED_THROUGH)
    assert worst.pods == {Finding.WOULD_CHANGE: 1, Finding.SLIPPED_THROUGH: 1}
    assert other.owner.name == "own"
    assert (worst.requests.before["cpu"], worst.requests.after["cpu"]) == (200, 600)
    assert summary.skips == Counter({"opted-out": 1})
    assert (summary.live_pods, summary.objects) == (3, 4)
    total = summary.namespaces["shop"]
    assert (total.pods, total.before["cpu"], total.after["cpu"]) == (3, 300, 900)


def test_row_changes_if_one_of_its_pods_does() -> None:
    summary = Summary()
    for restart_policy in ("NotRequired", "RestartContainer", "NotRequired"):
        verdict = judged(pod(), policy(f"{{resizePolicy: {{cpu: {restart_policy}}}}}"))
        summary.add(live_pod(restart_policy, WEB), verdict)
    (row,) = summary.rows
    assert (row.verdict.changes, summary.without_effect) == (True, 0)


def test_rows_without_effect_come_last() -> None:
    summary = Summary()
    for name, restart_policy in (("a", "NotRequired"), ("b", "RestartContainer")):
        summary.add(live_pod(name), judged(pod(), policy(f"{{resizePolicy: {{cpu: {restart_policy}}}}}")))
    summary.add(live_pod("c"), verdict_with(Finding.PASS))
    assert [row.owner.name for row in summary.rows] == ["b", "c", "a"]


def test_sizes_are_of_an_owner_and_all_its_pods() -> None:
    sizes: SizesOf = {(WEB, None): [Item(Finding.UNDERSIZED, field="app:requests.cpu", after="1")]}
    auditor = Auditor(snapshot(), NOT_ENFORCED, sizes=sizes)
    for name, owner in (("web-1", WEB), ("web-2", WEB), ("other", None)):
        auditor.judge(live_pod(name, owner))
    summary = auditor.summary
    assert summary.owners[Finding.UNDERSIZED] == 1
    assert summary.pods == Counter({Finding.UNDERSIZED: 2, Finding.SKIPPED: 1})
    assert summary.skips == Counter({"no-policy": 1}), "those of owners that are skipped"


def test_sizes_are_counted_only_if_usage_was_asked_for() -> None:
    assert {*SIZES}.isdisjoint(Summary().owners)
    assert {*SIZES} <= {*Auditor(snapshot(), NOT_ENFORCED, sizes={}).summary.owners}
