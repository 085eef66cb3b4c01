"""The CustomResourceDefinitions of openreports.io, from the module in which they are published."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.e2e.controlplane import build
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.processes import eventually

MODULE = build.HERE / "openreports"


def install(cluster: ControlPlane) -> None:
    """Back once the API server serves them."""
    # Go checks the module against go.sum.
    done = subprocess.run(
        [build.go(), "mod", "download", "-json", "github.com/openreports/reports-api"],
        cwd=MODULE,
        check=True,
        capture_output=True,
        text=True,
    )
    folder = Path(json.loads(done.stdout)["Dir"]) / "config" / "crd"
    cluster.kubectl("apply", "--server-side", "-f", str(folder))
    name = "crd/reports.openreports.io"
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", name)
    path = "/apis/openreports.io/v1alpha1/reports"
    eventually("Reports can be listed", lambda: cluster.get(path))
