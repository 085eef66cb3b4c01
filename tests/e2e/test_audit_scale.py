"""What an audit of many Pods costs: time, memory, API calls; printed. `make scale` for ten thousand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.many_pods import PODS_AN_OWNER, audited, auditor, fill
from webhook.cluster.client import api_client

PODS = int(os.environ.get("PODTAILOR_SCALE_PODS", "600"))


@pytest.mark.soak
def test_memory_does_not_grow_with_the_pods(
    cluster: ControlPlane, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kubeconfig = auditor(cluster, tmp_path)
    namespace = cluster.create_namespace("full")
    # In others, tests before this one may have left controllers at work.
    only = f"--namespace={namespace}"
    with api_client(str(cluster.kubeconfig)) as api:
        fill(cluster, api, namespace, range(PODS // 10))
        small = audited(cluster, kubeconfig, only)
        fill(cluster, api, namespace, range(PODS // 10, PODS))
    large = audited(cluster, kubeconfig, only)
    with capsys.disabled():
        for cost in (small, large):
            print(
                f"\n{cost.objects} objects: {cost.seconds:.1f} s, {cost.mib:.0f} MiB at the peak, {cost.calls} API calls",
                end="",
            )
        print()
    assert large.objects - small.objects == PODS - PODS // 10 + (PODS - PODS // 10) // PODS_AN_OWNER
    assert large.mib <= 1.5 * small.mib
