"""The Vertical Pod Autoscaler: its admission controller, and where a test asks for them, updater and recommender."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

from certs.files import CA_CERT, TLS_CERT, TLS_KEY
from tests.e2e.controlplane.build import Change, Tool
from tests.e2e.neighbours.neighbour import HERE, Neighbour
from tests.support.pods import Json
from tests.support.processes import eventually, free_port

_PACKAGES = "k8s.io/autoscaler/vertical-pod-autoscaler/pkg"
_LISTENS = Change("pkg/admission-controller/main.go", 'Sprintf(":%d"', 'Sprintf("127.0.0.1:%d"')
ADMISSION = Tool(HERE / "vpa", f"{_PACKAGES}/admission-controller", changes=(_LISTENS,))
UPDATER, RECOMMENDER = (Tool(HERE / "vpa", f"{_PACKAGES}/{name}") for name in ("updater", "recommender"))
# The controller of the Pods that a test sends itself.
OWNER = "owner"
ROUND = 2
"""Seconds between two looks of updater and recommender."""


class Autoscaler(Neighbour):
    name = "VPA"
    configuration = "vpa-webhook-config"
    values = "RequestsAndLimits"
    """What it controls: `RequestsAndLimits`, which is its default, or `RequestsOnly`."""

    def start(self) -> None:
        crds = ADMISSION.source() / "deploy" / "vpa-v1-crd-gen.yaml"
        self.cluster.kubectl("apply", "--server-side", "-f", str(crds))
        for plural in ("verticalpodautoscalers", "verticalpodautoscalercheckpoints"):
            name = f"crd/{plural}.autoscaling.k8s.io"
            self.cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", name)
        port = free_port()
        self.run(
            "admission-controller",
            ADMISSION,
            *self._common(),
            f"--port={port}",
            f"--client-ca-file={self.folder / CA_CERT}",
            f"--tls-cert-file={self.folder / TLS_CERT}",
            f"--tls-private-key={self.folder / TLS_KEY}",
            "--register-by-url",
            "--webhook-address=https://localhost",
            f"--webhook-port={port}",
        )
        path = f"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/{self.configuration}"
        eventually("it has registered itself", lambda: self.cluster.get(path))

    def start_updater(self) -> None:
        """It acts on every Pod that differs from its target, however young it is."""
        address = f"127.0.0.1:{free_port()}"
        self.run(
            "updater",
            UPDATER,
            f"--kubeconfig={self.cluster.kubeconfig}",
            f"--address={address}",
            f"--updater-interval={ROUND}s",
            "--in-recommendation-bounds-eviction-lifetime-threshold=1s",
        )
        self._updater = f"http://{address}/metrics"

    def start_recommender(self) -> None:
        self.run("recommender", RECOMMENDER, *self._common(), f"--recommender-interval={ROUND}s")

    def rounds(self) -> float:
        """How often the updater has looked at all Pods so far; 0 before it listens."""
        series = 'vpa_updater_execution_latency_seconds_count{step="total"}'
        try:
            with urllib.request.urlopen(self._updater, timeout=10) as response:
                lines = response.read().decode().splitlines()
        except urllib.error.URLError:
            return 0
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(series))

    def enable(self, namespace: str) -> None:
        """For the first containers of Pods of the controller OWNER: one needs more than most ask for, one less."""
        template = {
            "metadata": {"labels": {"vpa": "on"}},
            "spec": {"containers": [{"name": "app", "image": "a"}]},
        }
        owner = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {"name": OWNER, "namespace": namespace},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"vpa": "on"}}, "template": template},
        }
        self.cluster.kubectl("create", "-f", "-", stdin=json.dumps(owner))
        self.autoscale(namespace, "ReplicaSet", OWNER, mode="Initial")
        targets = {
            "app": {"cpu": "300m", "memory": "300Mi"},
            "c0": {"cpu": "700m", "memory": "900Mi"},
            "c1": {"cpu": "25m", "memory": "250Mi"},
        }
        recommendations = [
            {"containerName": container, "target": target} for container, target in targets.items()
        ]
        status = {"recommendation": {"containerRecommendations": recommendations}}
        self.cluster.kubectl(
            "patch", "verticalpodautoscaler", OWNER, "--namespace", namespace, "--subresource=status",
            "--type=merge", "-p", json.dumps({"status": status}),
        )  # fmt: skip

    def autoscale(self, namespace: str, kind: str, name: str, *, mode: str) -> None:
        """Let it size the Pods of a controller; what it recommends comes from the recommender, or from a test."""
        policy = {"containerName": "*", "controlledValues": self.values}
        vpa = {
            "apiVersion": "autoscaling.k8s.io/v1",
            "kind": "VerticalPodAutoscaler",
            "metadata": {"name": name, "namespace": namespace},
            "spec": {
                "targetRef": {"apiVersion": "apps/v1", "kind": kind, "name": name},
                "updatePolicy": {"updateMode": mode, "minReplicas": 1},
                "resourcePolicy": {"containerPolicies": [policy]},
            },
        }
        self.cluster.kubectl("create", "-f", "-", stdin=json.dumps(vpa))

    def prepared(self, pod: Json) -> Json:
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": OWNER, "uid": "o", "controller": True}
        metadata = pod["metadata"]
        labels = {**(metadata.get("labels") or {}), "vpa": "on"}
        return {**pod, "metadata": {**metadata, "ownerReferences": [owner], "labels": labels}}

    def _common(self) -> list[str]:
        return [f"--kubeconfig={self.cluster.kubeconfig}", f"--address=127.0.0.1:{free_port()}"]
