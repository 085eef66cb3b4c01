"""Istio's control plane, of which the sidecar injector is a webhook: it adds `istio-init` and `istio-proxy` to Pods."""

from __future__ import annotations

import base64
import json
import subprocess

from certs.files import CA_CERT, TLS_CERT, TLS_KEY
from tests.e2e.controlplane.build import Tool, binary
from tests.e2e.neighbours.neighbour import HERE, Neighbour, connects
from tests.support.pods import Json
from tests.support.processes import eventually, free_port

NAMESPACE = "istio-system"
ISTIOD = Tool(HERE / "istio", "istio.io/istio/pilot/cmd/pilot-discovery")


class Istio(Neighbour):
    name = "Istio"
    configuration = "istio-sidecar-injector"
    native = False
    """Whether the proxy is an init container that goes on running."""

    def start(self) -> None:
        port, ready = free_port(), free_port()
        charts = ISTIOD.source() / "manifests" / "charts"
        self.cluster.create_namespace(NAMESPACE, injection="disabled")
        crds = charts / "base" / "files" / "crd-all.gen.yaml"
        self.cluster.kubectl("apply", "--server-side", "-f", str(crds))
        authority = base64.b64encode((self.folder / CA_CERT).read_bytes()).decode()
        rendered = subprocess.run(
            [
                *(str(binary("helm")), "template", "istiod", str(charts / "istio-control" / "istio-discovery")),
                *("--namespace", NAMESPACE),
                *("--show-only", "templates/configmap.yaml"),
                *("--show-only", "templates/istiod-injector-configmap.yaml"),
                *("--show-only", "templates/mutatingwebhook.yaml"),
                *("--set", f"istiodRemote.injectionURL=https://localhost:{port}/inject"),
                *("--set", f"istiodRemote.injectionCABundle={authority}"),
            ],
            check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        self.cluster.kubectl("apply", "-f", "-", stdin=rendered)
        self.run(
            "pilot-discovery",
            ISTIOD,
            "discovery",
            f"--kubeconfig={self.cluster.kubeconfig}",
            f"--namespace={NAMESPACE}",
            f"--httpsAddr=127.0.0.1:{port}",
            f"--httpAddr=127.0.0.1:{ready}",
            *(
                f"--{name}=127.0.0.1:{free_port()}"
                for name in ("grpcAddr", "secureGRPCAddr", "monitoringAddr")
            ),
            f"--ctrlz_port={free_port()}",
            f"--caCertFile={self.folder / CA_CERT}",
            f"--tlsCertFile={self.folder / TLS_CERT}",
            f"--tlsKeyFile={self.folder / TLS_KEY}",
        )
        eventually("the injector serves", lambda: connects(port))

    def enable(self, namespace: str) -> None:
        self.cluster.kubectl("label", "namespace", namespace, "istio-injection=enabled")

    def prepared(self, pod: Json) -> Json:
        metadata = pod["metadata"]
        native = {"sidecar.istio.io/nativeSidecar": json.dumps(self.native)}
        return {
            **pod,
            "metadata": {**metadata, "annotations": {**(metadata.get("annotations") or {}), **native}},
        }
