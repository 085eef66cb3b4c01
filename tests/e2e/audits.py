"""`podtailor audit`, run beside a cluster."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from subprocess import CompletedProcess

from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.commands import podtailor
from tests.support.pods import Json
from tests.support.processes import eventually


def audit(kubeconfig: Path, *arguments: str) -> CompletedProcess[str]:
    return podtailor("audit", f"--kubeconfig={kubeconfig}", *arguments)


def audit_lines(kubeconfig: Path, *arguments: str) -> list[Json]:
    done = audit(kubeconfig, "-o", "json", "--fail-on=none", *arguments)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def make(cluster: ControlPlane, namespace: str, *objects: Json) -> None:
    listed = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    cluster.kubectl("create", f"--namespace={namespace}", "-f", "-", stdin=json.dumps(listed))


def next_second() -> None:
    """The API server tells times to the second."""
    now = datetime.now(UTC).replace(microsecond=0)
    eventually("the next second", lambda: datetime.now(UTC).replace(microsecond=0) > now)
