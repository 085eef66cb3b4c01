"""The diff shows only the fields that change."""

from __future__ import annotations

from tests.audit.verdicts import (
    REQUESTS,
)
from tests.support.pods import pod, snapshot
from webhook.audit.enforcement import NOT_ENFORCED
from webhook.audit.judge import judge
from webhook.model.pod import pod_view
from webhook.workloads.workload import Ref, Workload


def test_diff_shows_what_changes_and_nothing_else() -> None:
    view = pod_view(pod("volumes: [{name: v, emptyDir: {}}]", container="resources: {limits: {memory: 1Gi}}"))
    ref = Ref("Pod", "default", "p")
    workload = Workload(ref=ref, owner=ref, admitted=view, written=view)
    verdict = judge(workload, snapshot(REQUESTS), NOT_ENFORCED, with_diff=True)
    assert verdict.diff.splitlines() == [
        " containers:",
        " - name: app",
        "   resources:",
        "     limits:",
        "       memory: 1Gi",
        "+    requests:",
        "+      cpu: 100m",
    ]
