"""A real control plane on loopback: etcd, kube-apiserver, controller manager, scheduler, and kwok for kubelets."""

from __future__ import annotations

import json
import os
import secrets
import signal
import ssl
import subprocess
import urllib.error
import urllib.request
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from certs.files import CA_CERT, TLS_CERT, TLS_KEY
from tests.e2e.controlplane import given
from tests.e2e.controlplane.build import VERSION, binaries, binary
from tests.support.pods import Json
from tests.support.processes import Process, Started, eventually, free_port
from webhook.model.names import OWN_NAMESPACE

# An owner before what it would create again.
_WORKLOADS = "cronjobs,jobs,deployments,replicasets,statefulsets,daemonsets,replicationcontrollers"
NODES = Path(__file__).parent / "nodes.yaml"


class KubectlError(Exception):
    """kubectl failed, or with --warnings-as-errors had something to say."""


class ControlPlane(Started):
    """Everything of one cluster lives in `folder`; `stop` ends what `start` began."""

    def __init__(self, folder: Path, *flags: str, version: str = VERSION, kwok: bool = True) -> None:
        """`flags` are the API server's, `version` is of Kubernetes, without the patch release.

        Without kwok there are no Nodes.
        """
        self._kwok = kwok
        self._flags = flags
        self.version = version
        self._bin = binaries(version)
        self._folder = folder
        self.token = secrets.token_hex(16)
        """Of an administrator."""
        self.kubelet_token = secrets.token_hex(16)
        """Of the kubelet of a Node that is called `localhost`."""
        self._port = free_port()
        self._processes: list[Process] = []
        self.kubeconfig = folder / "kubeconfig"

    @property
    def ca(self) -> Path:
        """Of the certificate that the API server serves, and of the one by which it says to webhooks who it is."""
        return self._folder / "certs" / CA_CERT

    @property
    def kubectl_path(self) -> Path:
        return self._bin["kubectl"]

    @property
    def path(self) -> str:
        """A PATH on which `kubectl` is this cluster's."""
        return f"{self.kubectl_path.parent}{os.pathsep}{os.environ['PATH']}"

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Up to Nodes that are Ready and a default ServiceAccount that Pods can use."""
        self._start_etcd_and_api_server()
        eventually("the API server is ready", lambda: self.get("/readyz") == "ok")
        eventually("kubectl can validate what it applies", lambda: self.get("/openapi/v3"))
        self._run(
            "kube-controller-manager",
            f"--kubeconfig={self.kubeconfig}",
            f"--service-account-private-key-file={self._folder / 'sa.key'}",
            f"--root-ca-file={self.ca}",
            "--use-service-account-credentials",
            "--leader-elect=false",
            # Each controller would ask no more than twenty times a second.
            "--kube-api-qps=1000",
            "--kube-api-burst=1000",
            f"--secure-port={free_port()}",
            "--bind-address=127.0.0.1",
        )
        self._run(
            "kube-scheduler",
            f"--kubeconfig={self.kubeconfig}",
            "--leader-elect=false",
            f"--secure-port={free_port()}",
            "--bind-address=127.0.0.1",
        )
        if self._kwok:
            self._start_kwok()
        self.wait_for_namespace("default")

    def _start_kwok(self) -> None:
        self.apply("-f", str(self._bin["port-forwards.yaml"]))
        self.kubectl(
            "wait", "--for=condition=Established", "--timeout=30s", "crd/clusterportforwards.kwok.x-k8s.io"
        )
        stages = self._folder / "stages.yaml"
        stages.write_text(given.stages(self._bin["stages.yaml"]))
        kubelet = free_port()
        self._run(
            "kwok",
            f"--kubeconfig={self.kubeconfig}",
            "--manage-all-nodes=true",
            "--cidr=10.1.0.0/16",
            "--node-lease-duration-seconds=40",
            f"--config={stages}",
            f"--server-address=127.0.0.1:{kubelet}",
            "--node-ip=127.0.0.1",
            f"--node-port={kubelet}",
            "--enable-crds=ClusterPortForward",
        )
        self.apply("-f", str(NODES))
        self.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=60s")

    def stop(self) -> None:
        """In the order in which they depend on each other, so that none waits for one that has gone."""
        while self._processes:
            self._processes.pop().stop()

    def pid(self, name: str) -> int:
        """Of `kube-apiserver` and the like."""
        return next(process.pid for process in self._processes if process.name == name)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl; raises KubectlError with what it said."""
        command = [str(self._bin["kubectl"]), f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
        if done.returncode:
            raise KubectlError(f"kubectl {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def apply(self, *arguments: str, stdin: str | None = None) -> str:
        """`kubectl apply`. What is there is merged as kubectl knows its fields: to read the API server's takes a second."""
        return self.kubectl("apply", "--openapi-patch=false", *arguments, stdin=stdin)

    def kubectl_json(self, *arguments: str, stdin: str | None = None) -> Any:
        return json.loads(self.kubectl(*arguments, "-o", "json", stdin=stdin))

    def install_policies(self) -> None:
        """The custom resources; back once the API server serves them."""
        self.kubectl("apply", "--server-side", "--warnings-as-errors", "-k", "manifests/crds")
        names = self.kubectl("get", "crd", "--output=name").split()
        self.kubectl("wait", "--for=condition=Established", "--timeout=30s", *names)

    def account(self, name: str, folder: Path) -> Path:
        """A kubeconfig in `folder` of this ServiceAccount of podtailor-system: as if from one of its Pods."""
        path = f"/api/v1/namespaces/{OWN_NAMESPACE}/serviceaccounts/{name}/token"
        token = json.loads(self._ask(path, {}))["status"]["token"]
        config = json.loads(self.kubeconfig.read_text())
        config["users"] = [{"name": "admin", "user": {"token": token}}]
        made = folder / f"kubeconfig-{name}"
        made.touch(0o600)
        made.write_text(json.dumps(config))
        return made

    def forward(self, namespace: str, port: int, here: int) -> None:
        """What is forwarded to this port of a Pod of the namespace comes to this one of loopback."""
        target = {"address": "127.0.0.1", "port": here}
        spec = {
            "selector": {"matchNamespaces": [namespace]},
            "forwards": [{"ports": [port], "target": target}],
        }
        kind = {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "ClusterPortForward"}
        forward = {**kind, "metadata": {"name": namespace}, "spec": spec}
        self.apply("-f", "-", stdin=json.dumps(forward))

    def create_namespace(self, name: str, **labels: str) -> str:
        """A namespace with the labels `podtailor.dev/KEY: VALUE`, ready for Pods."""
        metadata = {"name": name, "labels": {f"podtailor.dev/{key}": value for key, value in labels.items()}}
        self._ask("/api/v1/namespaces?fieldManager=kubectl-create", {"metadata": metadata})
        self.wait_for_namespace(name)
        return name

    def delete_workloads(self) -> None:
        """Of all namespaces, which stay: one that is being deleted takes no report of an audit."""
        self.kubectl("delete", _WORKLOADS, "--all", "--all-namespaces", "--wait=false")

    def wait_for_namespace(self, name: str) -> None:
        """The controller manager makes the ServiceAccount without which Pods are refused."""
        path = f"/api/v1/namespaces/{name}/serviceaccounts/default"
        eventually(f"namespace {name} takes Pods", lambda: self.get(path))

    def metric(self, *names: str, **labels: str) -> float:
        """The sum over all of the API server's series of these names with these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        text = self.get("/metrics")
        assert text is not None, "the API server did not give its metrics"
        return sum(
            float(line.rpartition(" ")[2])
            for line in text.splitlines()
            if line.startswith(names)
            and line.partition("{")[0].partition(" ")[0] in names
            and all(each in line for each in wanted)
        )

    def get(self, path: str) -> str | None:
        """The body of a GET; None while the server does not answer 200."""
        try:
            return self._ask(path)
        except OSError:
            return None

    def object(self, path: str) -> Any:
        """As `kubectl get -o json`, without its start; None where there is none. Raises OSError."""
        try:
            return json.loads(self._ask(path))
        except urllib.error.HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return None

    def pods(self, namespace: str) -> list[Json]:
        """As the API server has them, those that are being deleted too."""
        found: list[Json] = self.object(f"/api/v1/namespaces/{namespace}/pods")["items"]
        return found

    def _ask(self, path: str, document: Json | None = None) -> str:
        """The body of a GET, or a POST of a document."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        body = None if document is None else json.dumps(document).encode()
        request = urllib.request.Request(self.url + path, body, headers)
        trust = ssl.create_default_context(cafile=self.ca)
        with urllib.request.urlopen(request, context=trust, timeout=10) as response:
            answer: str = response.read().decode()
        return answer

    def signal(self, name: str, number: int) -> None:
        self._named(name).signal(number)

    def kill(self, name: str) -> None:
        """As a machine that goes dark: no goodbye to anybody."""
        process = self._named(name)
        process.signal(signal.SIGKILL)
        process.wait()

    def start_again(self, name: str, version: str = "") -> None:
        """With the same flags, on the same port; as of another `version` of Kubernetes, if one is given."""
        process = self._named(name)
        program, *flags = process.command
        command = [str(binary(name, version)) if version else program, *flags]
        self._processes[self._processes.index(process)] = Process(name, command, process.log)

    def audit_annotations(self, namespace: str, pod: str) -> dict[str, str] | None:
        """What is noted beside the creation of a Pod in the API server's audit log."""
        for line in (self._folder / "audit.log").read_text().splitlines():
            event = json.loads(line)
            reference = event.get("objectRef", {})
            if (reference.get("namespace"), reference.get("name")) == (namespace, pod) and event[
                "verb"
            ] == "create":
                noted: dict[str, str] = event.get("annotations", {})
                return noted
        return None

    def asked_by(self, user: str) -> Counter[tuple[str, str, int]]:
        """What a user has asked so far: (verb, resource, status code), of the API server's audit log."""
        asked: Counter[tuple[str, str, int]] = Counter()
        for line in (self._folder / "audit.log").read_text().splitlines():
            event = json.loads(line)
            if event["user"]["username"] == user and event["stage"] in (
                "ResponseComplete",
                "ResponseStarted",
            ):
                reference = event.get("objectRef", {})
                resource = "/".join(filter(None, (reference.get("resource"), reference.get("subresource"))))
                asked[event["verb"], resource, event["responseStatus"]["code"]] += 1
        return asked

    def _named(self, name: str) -> Process:
        return next(process for process in self._processes if process.name == name)

    def _start_etcd_and_api_server(self) -> None:
        client, peer = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        self._run(
            "etcd",
            f"--data-dir={self._folder / 'etcd'}",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--unsafe-no-fsync",
        )
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        (self._folder / "sa.key").write_bytes(pem)
        (self._folder / "tokens.csv").write_text(
            f"{self.token},admin,admin,system:masters\n"
            f"{self.kubelet_token},system:node:localhost,kubelet,system:nodes\n"
        )
        (self._folder / "audit.yaml").write_text(given.AUDIT_POLICY)
        given.certificates(self.ca.parent)
        self._run(
            "kube-apiserver",
            f"--etcd-servers={client}",
            f"--audit-policy-file={self._folder / 'audit.yaml'}",
            f"--audit-log-path={self._folder / 'audit.log'}",
            # One that it signs itself is RSA: a sixteenth of its work was to sign with it.
            f"--tls-cert-file={self.ca.with_name(TLS_CERT)}",
            f"--tls-private-key-file={self.ca.with_name(TLS_KEY)}",
            f"--secure-port={self._port}",
            "--bind-address=127.0.0.1",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self._folder / 'sa.key'}",
            f"--service-account-signing-key-file={self._folder / 'sa.key'}",
            f"--token-auth-file={self._folder / 'tokens.csv'}",
            "--authorization-mode=Node,RBAC",
            "--enable-admission-plugins=NodeRestriction",
            "--service-cluster-ip-range=10.0.0.0/24",
            f"--admission-control-config-file={given.admission(self.ca.parent)}",
            *self._flags,
        )
        self._write_kubeconfig()

    def _write_kubeconfig(self) -> None:
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [
                {
                    "name": "test",
                    "cluster": {"server": self.url, "certificate-authority": str(self.ca)},
                }
            ],
            "users": [{"name": "admin", "user": {"token": self.token}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "admin"}}],
            "current-context": "test",
        }
        self.kubeconfig.touch(0o600)
        self.kubeconfig.write_text(json.dumps(config))

    def _run(self, name: str, *flags: str) -> None:
        command = [str(self._bin[name]), *flags]
        self._processes.append(Process(name, command, self._folder / f"{name}.log"))
