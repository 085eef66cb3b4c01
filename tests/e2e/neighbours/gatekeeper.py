"""Gatekeeper's mutating webhook, and mutators that set what podtailor sets."""

from __future__ import annotations

import base64
from typing import Any

import yaml

from certs.files import CA_CERT, issue_to
from tests.e2e.controlplane.build import Tool
from tests.e2e.neighbours.neighbour import HERE, lifetime
from tests.e2e.neighbours.policy_engine import (
    GAPS,
    NODE_SELECTOR,
    RESIZE,
    TOLERATIONS,
    PolicyEngine,
    Rules,
    operations,
)
from tests.support.pods import Json
from tests.support.processes import eventually, free_port

GATEKEEPER = Tool(HERE / "gatekeeper", "github.com/open-policy-agent/gatekeeper/v3")
_NAMESPACE = "gatekeeper-system"
# What its namespace lets in.
_RESTRICTED = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "manager",
            "image": "gatekeeper",
            "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
        }
    ],
}
_CONTAINER = "spec.containers[name:*]"


class Gatekeeper(PolicyEngine):
    name = "Gatekeeper"
    configuration = "gatekeeper-mutating-webhook-configuration"

    def start(self) -> None:
        file = GATEKEEPER.source() / "deploy" / "gatekeeper.yaml"
        manifests = [each for each in yaml.safe_load_all(file.read_text()) if each]
        installed = ("Namespace", "CustomResourceDefinition")
        self.apply(*(each for each in manifests if each["kind"] in installed))
        self._lead()
        for number, port in enumerate(self.ports):
            self.run(
                "gatekeeper",
                GATEKEEPER,
                f"--kubeconfig={self.cluster.kubeconfig}",
                "--host=127.0.0.1",
                f"--port={port}",
                f"--health-addr=127.0.0.1:{free_port()}",
                f"--prometheus-port={free_port()}",
                f"--cert-dir={self.folder}",
                "--disable-cert-rotation",
                "--operation=mutation-webhook",
                "--shutdown-delay=0",
                number=number,
                POD_NAME=self._pod(number),
                POD_NAMESPACE=_NAMESPACE,
            )
        registered = next(each for each in manifests if each["kind"] == "MutatingWebhookConfiguration")
        for hook in registered["webhooks"]:
            authority = base64.b64encode((self.folder / CA_CERT).read_bytes()).decode()
            hook["clientConfig"]["caBundle"] = authority
            hook["clientConfig"]["service"]["port"] = self.called
            hook["namespaceSelector"] = self.selected(hook["namespaceSelector"])
            # Its own second is short where two processors run all of this, and it would be passed over.
            hook["timeoutSeconds"] = 10
        self.apply(registered)
        rules = self.installed.rules
        mutators = [each for policy in self.installed.policies for each in _mutators(policy, rules)]
        eventually("it takes mutators", lambda: self.applied(*mutators))

    def _pod(self, number: int) -> str:
        """The name of one for this replica: by it replicas keep apart what they write of their state."""
        self.cluster.wait_for_namespace(_NAMESPACE)
        metadata = {"namespace": _NAMESPACE, "name": f"gatekeeper-{number}"}
        self.apply({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": _RESTRICTED})
        return metadata["name"]

    def _lead(self) -> None:
        """Its Service to loopback. By a URL of loopback the API server speaks HTTP/2, and so to one replica."""
        metadata = {"namespace": _NAMESPACE, "name": "gatekeeper-webhook-service"}
        issue_to(self.folder, [f"{metadata['name']}.{_NAMESPACE}.svc"], *lifetime())
        spec = {"type": "ExternalName", "externalName": "localhost"}
        self.apply({"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec})


def _values(rules: Rules) -> dict[str, Any]:
    """By location."""
    found: dict[str, Any] = {
        **{f"{_CONTAINER}.resources.requests.{name}": amount for name, amount in rules.requests.items()},
        **{f"{_CONTAINER}.resources.limits.{name}": amount for name, amount in rules.limits.items()},
        f"{_CONTAINER}.resizePolicy": RESIZE,
    }
    if rules.placement:
        found |= {f"spec.nodeSelector.{key}": value for key, value in NODE_SELECTOR.items()}
        found["spec.tolerations"] = TOLERATIONS
    return found


def _mutators(name: str, rules: Rules) -> list[Json]:
    """For namespaces with the label `neighbour: NAME`."""
    return [
        {
            "apiVersion": "mutations.gatekeeper.sh/v1",
            "kind": "Assign",
            "metadata": {"name": f"{name}-{number}"},
            "spec": {
                "applyTo": [{"groups": [""], "versions": ["v1"], "kinds": ["Pod"], **operations(name)}],
                "match": {"namespaceSelector": {"matchLabels": {"neighbour": name}}},
                "location": location,
                "parameters": {
                    "pathTests": [{"subPath": location, "condition": "MustNotExist"}] if name == GAPS else [],
                    "assign": {"value": value},
                },
            },
        }
        for number, (location, value) in enumerate(_values(rules).items())
    ]
