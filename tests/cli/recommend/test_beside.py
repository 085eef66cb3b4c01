"""What the same files say about autoscalers, LimitRanges and quotas decides, as in a cluster."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Run
from tests.cli.recommend.test_command import MANIFEST, Files, files

__all__ = ["files"]
V2 = """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 9
  metrics:
  - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
"""
METRICS = V2[V2.index("  metrics:") :]
V1 = V2.replace("autoscaling/v2", "autoscaling/v1").replace(METRICS, "  targetCPUUtilizationPercentage: 70\n")
RANGE = """\
apiVersion: v1
kind: LimitRange
metadata: {name: least, namespace: shop}
spec: {limits: [{type: Container, min: {cpu: 800m}}]}
"""
QUOTA = """\
apiVersion: v1
kind: ResourceQuota
metadata: {name: all, namespace: shop}
spec: {hard: {requests.cpu: 100m}}
"""


def _cpu(files: Files, run: Run, more: str, manifest: str = MANIFEST) -> tuple[str | None, str]:
    files.manifest.write_text(f"{manifest}---\n{more}")
    (row,) = json.loads(run(*files.flags, "-o", "json").out)["recommendations"]
    return row["to"].get("requests", {}).get("cpu"), row["why"]["cpu"]["name"]


@pytest.mark.parametrize("autoscaler", [V2, V1, V2.replace(METRICS, "")], ids=["v2", "v1", "default"])
def test_a_request_that_an_autoscaler_goes_by_stays(files: Files, run: Run, autoscaler: str) -> None:
    assert _cpu(files, run, autoscaler) == (None, "autoscaled")
    assert _cpu(files, run, autoscaler.replace("name: web}", "name: other}")) == ("500m", "max-shrink")


def test_sizes_fit_a_limit_range(files: Files, run: Run) -> None:
    assert _cpu(files, run, RANGE) == ("800m", "limit-range")
    assert _cpu(files, run, RANGE.replace("shop", "other")) == ("500m", "max-shrink")


def test_sizes_fit_a_quota_of_which_the_files_use_a_part(files: Files, run: Run) -> None:
    small = MANIFEST.replace("cpu: 1}", "cpu: 50m}").replace(
        "spec:\n", "spec:\n  strategy: {type: Recreate}\n", 1
    )
    assert _cpu(files, run, QUOTA, small) == ("100m", "does-not-fit")
    beside = small.replace("name: web", "name: api").replace("requests: {cpu: 50m}", "requests: {cpu: 30m}")
    files.manifest.write_text(f"{small}---\n{beside}---\n{QUOTA}")
    rows = json.loads(run(*files.flags, "-o", "json").out)["recommendations"]
    assert [row["to"]["requests"].get("cpu") for row in rows if row["owner"]["name"] == "web"] == ["70m"]


@pytest.mark.parametrize(
    ("unavailable", "expected"),
    [("25%", "100m"), ("0", "100m"), ("100%", "200m"), ("1", "200m")],
)
def test_a_quota_has_room_for_a_rollout_that_removes_no_pod_first(
    files: Files, run: Run, unavailable: str, expected: str
) -> None:
    strategy = f"spec:\n  strategy: {{rollingUpdate: {{maxUnavailable: {unavailable}}}}}\n"
    small = MANIFEST.replace("cpu: 1}", "cpu: 50m}").replace("spec:\n", strategy, 1)
    quota = QUOTA.replace("100m", "200m")
    assert _cpu(files, run, quota, small) == (expected, "does-not-fit")


def test_a_quota_with_scopes_is_named(files: Files, run: Run) -> None:
    scoped = QUOTA.replace("{hard", "{scopes: [NotBestEffort], hard")
    assert _cpu(files, run, scoped, MANIFEST.replace("cpu: 1}", "cpu: 50m}"))[1] != "does-not-fit"
    warning = "warning: shop: ResourceQuota all has scopes, so whether there is room in it is unknown [scoped-quota]"
    assert warning in run(*files.flags).err


def test_what_cannot_be_read_is_named(files: Files, run: Run) -> None:
    files.manifest.write_text(f"{MANIFEST}---\n{V2.replace('maxReplicas: 9', 'maxReplicas: many')}")
    done = run(*files.flags)
    assert done.code == 2
    assert "HorizontalPodAutoscaler" in done.err
