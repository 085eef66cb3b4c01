"""Pods by the thousand, and what an audit of them costs."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from kubernetes.client import ApiClient

from tests.e2e.audits import make
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.workloads import controller
from tests.support.pods import Json
from tests.support.processes import spent
from webhook.cluster.request import request

PODS_AN_OWNER = 10
ROLLOUTS = Path(__file__).parent / "rollouts.yaml"
AUDITOR = "system:serviceaccount:podtailor-system:auditor"


class Cost(NamedTuple):
    objects: int
    seconds: float
    mib: float
    """Resident, at its peak."""
    calls: int
    """Of the API server."""


def auditor(cluster: ControlPlane, folder: Path) -> Path:
    """A kubeconfig of somebody whose every question is in the API server's log."""
    cluster.apply("-f", "manifests/base/namespace.yaml")
    cluster.kubectl("create", "serviceaccount", "auditor", "--namespace=podtailor-system")
    cluster.kubectl(
        "create",
        "clusterrolebinding",
        "auditor",
        "--clusterrole=cluster-admin",
        "--serviceaccount=podtailor-system:auditor",
    )
    config = json.loads(cluster.kubeconfig.read_text())
    token = cluster.kubectl("create", "token", "auditor", "--namespace=podtailor-system").strip()
    config["users"] = [{"name": "admin", "user": {"token": token}}]
    made = folder / "kubeconfig"
    made.write_text(json.dumps(config))
    cluster.apply("-f", str(ROLLOUTS))
    cluster.kubectl("wait", "--for=condition=Established", "crd/rollouts.example.com", "--timeout=30s")
    return made


def fill(cluster: ControlPlane, api: ApiClient, namespace: str, numbers: range) -> None:
    """Pods as large as those of real clusters, ten to an owner that no controller looks after."""
    template = controller("Deployment", "many", 1, {"schedulerName": "nobody"})["spec"]["template"]
    owners = range(numbers.start // PODS_AN_OWNER, numbers.stop // PODS_AN_OWNER)
    names = [f"many-{owner}" for owner in owners]
    make(
        cluster,
        namespace,
        *(
            {
                "apiVersion": "example.com/v1",
                "kind": "Rollout",
                "metadata": {"name": name},
                "spec": {"pod": template},
            }
            for name in names
        ),
    )
    rollouts = cluster.kubectl_json("get", "rollouts", f"--namespace={namespace}")["items"]
    uids = {each["metadata"]["name"]: each["metadata"]["uid"] for each in rollouts}

    def create(number: int) -> None:
        name = f"many-{number // PODS_AN_OWNER}"
        owner = {
            "apiVersion": "example.com/v1",
            "kind": "Rollout",
            "name": name,
            "uid": uids[name],
            "controller": True,
        }
        request(
            api,
            "POST",
            f"/api/v1/namespaces/{namespace}/pods",
            _pod(f"{name}-{number}", owner, template),
            content_type="application/json",
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(create, numbers))


def _pod(name: str, owner: Json, template: Json) -> Json:
    environment = [{"name": f"VARIABLE_{index}", "value": "x" * 40} for index in range(40)]
    container = {**template["spec"]["containers"][0], "env": environment}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": "many"}, "ownerReferences": [owner]},
        "spec": {**template["spec"], "containers": [container]},
    }


def audited(cluster: ControlPlane, kubeconfig: Path, *flags: str) -> Cost:
    before = cluster.asked_by(AUDITOR).total()
    command = [
        sys.executable,
        "-m",
        "webhook",
        "audit",
        "-o",
        "json",
        "--fail-on=none",
        f"--kubeconfig={kubeconfig}",
        *flags,
    ]
    command += ["--controller=Rollout.v1.example.com=spec.pod"]
    used = spent(command)
    calls = cluster.asked_by(AUDITOR).total() - before
    return Cost(used.lines - 1, used.seconds, used.mib, calls)
