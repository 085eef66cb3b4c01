"""Pods that run, and the command that resizes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import count
from typing import NamedTuple

import pytest
from kubernetes.client import ApiClient

from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.commands import podtailor
from tests.support.pods import Json
from tests.support.processes import eventually
from webhook.cluster.client import api_client

_NUMBERS = count()

AUTOSCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "web"},
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 2,
        "maxReplicas": 2,
        "metrics": [
            {
                "type": "Resource",
                "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 70}},
            }
        ],
    },
}
"""Of a Deployment `web` of two Pods: it scales on what they use in percent of their requests."""


class Done(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def data(self) -> Json:
        parsed: Json = json.loads(self.out)
        return parsed


class Space:
    """A namespace of a test's own."""

    def __init__(self, cluster: ControlPlane, name: str) -> None:
        self.cluster = cluster
        self.name = name

    def create(self, *objects: Json) -> None:
        for each in objects:
            metadata = {key: value for key, value in each["metadata"].items() if key != "namespace"}
            document = json.dumps({**each, "metadata": metadata})
            self.cluster.kubectl("create", f"--namespace={self.name}", "-f", "-", stdin=document)

    def run(self, *pods: Json) -> None:
        """Back once they are Ready."""
        self.create(*pods)
        for each in pods:
            self.wait_for(each["metadata"]["name"])

    def wait_for(self, name: str) -> None:
        self.cluster.kubectl(
            "wait", "--for=condition=Ready", f"pod/{name}", f"--namespace={self.name}", "--timeout=60s"
        )

    def get(self, name: str) -> Json:
        pod: Json = self.cluster.object(f"/api/v1/namespaces/{self.name}/pods/{name}")
        return pod

    def pods(self) -> dict[str, Json]:
        """By name, those that are not being deleted."""
        return {
            each["metadata"]["name"]: each
            for each in self.cluster.pods(self.name)
            if "deletionTimestamp" not in each["metadata"]
        }

    def cpu(self) -> dict[str, str]:
        """By Pod, the request of its first container."""
        return {
            name: each["spec"]["containers"][0]["resources"]["requests"]["cpu"]
            for name, each in self.pods().items()
        }

    def deploy(self, name: str, replicas: int, template: Json) -> list[str]:
        """A Deployment; the names of its Pods once its rollout is complete."""
        labels = {"app": name}
        metadata = {**template["metadata"], "labels": {**template["metadata"].get("labels", {}), **labels}}
        spec = {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": metadata, "spec": template["spec"]},
        }
        kind = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}}
        self.create({**kind, "spec": spec})
        self.cluster.kubectl(
            "rollout", "status", f"deployment/{name}", f"--namespace={self.name}", "--timeout=60s"
        )
        return eventually(
            "all Pods are there", lambda: names if len(names := [*self.pods()]) == replicas else None
        )

    def command(self, *words: str) -> list[str]:
        """Of a process of its own, to send signals to."""
        return [sys.executable, "-m", "webhook", *self._words(words)]

    def resize(self, *words: str) -> Done:
        done = podtailor(*self._words(words))
        return Done(done.returncode, done.stdout, done.stderr)

    def _words(self, words: Sequence[str]) -> list[str]:
        return ["resize", *words, f"--namespace={self.name}", f"--kubeconfig={self.cluster.kubeconfig}"]


@pytest.fixture
def space(cluster: ControlPlane) -> Space:
    return Space(cluster, cluster.create_namespace(f"resize-{next(_NUMBERS)}", injection="disabled"))


@pytest.fixture(scope="module")
def api(cluster: ControlPlane) -> Iterator[ApiClient]:
    with api_client(str(cluster.kubeconfig), None) as made:
        yield made
