"""CustomResourceDefinitions of others, from the modules in which they are published."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from tests.e2e.controlplane import build
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.processes import eventually

MODULE = build.HERE / "definitions"
OPENREPORTS = ("github.com/openreports/reports-api", "config/crd/*.yaml", "openreports.io/v1alpha1/reports")
CERT_MANAGER = (
    "github.com/cert-manager/cert-manager",
    "deploy/crds/cert-manager.io_[ci]*s.yaml",
    "cert-manager.io/v1/certificates",
)
PROMETHEUS = (
    "github.com/prometheus-operator/prometheus-operator",
    "example/prometheus-operator-crd/*_prometheusrules.yaml example/prometheus-operator-crd/*_servicemonitors.yaml",
    "monitoring.coreos.com/v1/servicemonitors",
)


def install(cluster: ControlPlane, module: str, patterns: str, resource: str) -> list[str]:
    """The files of them; back once the API server serves the resource."""
    # Go checks the module against go.sum.
    done = subprocess.run(
        [build.go(), "mod", "download", "-json", module],
        cwd=MODULE,
        check=True,
        capture_output=True,
        text=True,
    )
    folder = Path(json.loads(done.stdout)["Dir"])
    files = [str(file) for pattern in patterns.split() for file in sorted(folder.glob(pattern))]
    flags = [f"--filename={file}" for file in files]
    cluster.kubectl("apply", "--server-side", *flags)
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", *flags)
    eventually(f"{resource} can be listed", lambda: cluster.get(f"/apis/{resource}"))
    return files
