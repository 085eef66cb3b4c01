"""The Vertical Pod Autoscaler: its admission controller, and where a test asks for them, updater and recommender."""

from __future__ import annotations

import json

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

    def start_updater(self, seconds: int = 2) -> None:
        """It looks at all Pods once in so many seconds."""
        self.run("updater", UPDATER, *self._common(), f"--updater-interval={seconds}s")

    def start_recommender(self, *flags: str) -> None:
        self.run("recommender", RECOMMENDER, *self._common(), "--recommender-interval=2s", *flags)

    def enable(self, namespace: str) -> None:
        """For the first containers of Pods of the controller OWNER: one needs more than most ask for, one less."""
        spec = {"replicas": 0, "selector": {"matchLabels": {"vpa": "on"}}}
        spec["template"] = {
            "metadata": {"labels": {"vpa": "on"}},
            "spec": {"containers": [{"name": "app", "image": "a"}]},
        }
        metadata = {"name": OWNER, "namespace": namespace}
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec}
        self.cluster.kubectl("create", "-f", "-", stdin=json.dumps(owner))
        targets = {
            "app": {"cpu": "300m", "memory": "300Mi"},
            "c0": {"cpu": "700m", "memory": "900Mi"},
            "c1": {"cpu": "25m", "memory": "250Mi"},
        }
        self.autoscale(namespace, "ReplicaSet", OWNER, targets, mode="Initial")

    def autoscale(self, namespace: str, kind: str, name: str, targets: dict[str, Json], *, mode: str) -> None:
        """Recommend `targets`, requests by container, to a controller's Pods. Nothing is made of usage here."""
        metadata = {"name": name, "namespace": namespace}
        spec = {
            "targetRef": {"apiVersion": "apps/v1", "kind": kind, "name": name},
            "updatePolicy": {"updateMode": mode, "minReplicas": 1},
            "resourcePolicy": {
                "containerPolicies": [{"containerName": "*", "controlledValues": self.values}]
            },
        }
        vpa = {"apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler", "metadata": metadata}
        self.cluster.kubectl("create", "-f", "-", stdin=json.dumps({**vpa, "spec": spec}))
        recommendations = [
            {"containerName": container, "target": target, "lowerBound": target, "upperBound": target}
            for container, target in targets.items()
        ]
        condition = {"type": "RecommendationProvided", "status": "True", "lastTransitionTime": _TIME}
        status = {
            "recommendation": {"containerRecommendations": recommendations},
            "conditions": [condition],
        }
        self.cluster.kubectl(
            "patch", "verticalpodautoscaler", name, "--namespace", namespace, "--subresource=status",
            "--type=merge", "-p", json.dumps({"status": status}),
        )  # fmt: skip

    def prepared(self, pod: Json) -> Json:
        owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": OWNER, "uid": "o", "controller": True}
        metadata = pod["metadata"]
        labels = {**(metadata.get("labels") or {}), "vpa": "on"}
        return {**pod, "metadata": {**metadata, "ownerReferences": [owner], "labels": labels}}

    def _common(self) -> list[str]:
        return [f"--kubeconfig={self.cluster.kubeconfig}", f"--address=127.0.0.1:{free_port()}"]


# Long ago: nothing waits for it to grow old.
_TIME = "2026-01-01T00:00:00Z"
