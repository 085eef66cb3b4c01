"""Kyverno's admission controller, and policies of it that set what podtailor sets."""

from __future__ import annotations

import json
import ssl
from functools import partial

import yaml

from tests.e2e.controlplane.build import Tool
from tests.e2e.neighbours.neighbour import HERE
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

KYVERNO = Tool(HERE / "kyverno", "github.com/kyverno/kyverno/cmd/kyverno")
_NAMESPACE = "kyverno"
_ENVIRONMENT = {
    "KYVERNO_NAMESPACE": _NAMESPACE,
    "KYVERNO_SERVICEACCOUNT_NAME": "kyverno-admission-controller",
    "KYVERNO_DEPLOYMENT": "kyverno-admission-controller",
    "INIT_CONFIG": "kyverno",
    "METRICS_CONFIG": "kyverno-metrics",
}
# By it Kyverno marks the webhook configurations that it makes.
_MANAGED = "webhook.kyverno.io/managed-by=kyverno"


class Kyverno(PolicyEngine):
    name = "Kyverno"
    configuration = "kyverno-resource-mutating-webhook-cfg"
    # It takes half a minute for a Pod of some dozens of containers on few cores.
    late = 'failed calling webhook "mutate.kyverno.svc-fail"'

    @property
    def undecided(self) -> tuple[str, ...]:
        """It sets a key directly in a container by what the first one has, and changes which one that is."""
        return ("resizePolicy",) if self.policy == GAPS else ()

    def start(self) -> None:
        file = KYVERNO.source() / "config" / "install-latest-testing.yaml"
        installed = ("Namespace", "CustomResourceDefinition", "ConfigMap")
        manifests = [each for each in yaml.safe_load_all(file.read_text()) if each]
        made = [each for each in manifests if each["kind"] in installed]
        for settings in made:
            if "webhooks" in settings.get("data", {}):
                chosen = json.loads(settings["data"]["webhooks"])
                chosen["namespaceSelector"] = self.selected(chosen["namespaceSelector"])
                settings["data"]["webhooks"] = json.dumps(chosen)
        self.apply(*made)
        for number, port in enumerate(self.ports):
            self._run_replica(number, port)
            eventually("it has issued its certificate", partial(_serves, port))
        policies = [_policy(name, self.installed.rules) for name in self.installed.policies]
        eventually("it takes policies", lambda: self.applied(*policies))

    def _run_replica(self, number: int, port: int) -> None:
        secret = f"kyverno-svc.{_NAMESPACE}.svc.kyverno-tls"
        account = f"system:serviceaccount:{_NAMESPACE}:kyverno"
        self.run(
            "kyverno",
            KYVERNO,
            f"--kubeconfig={self.cluster.kubeconfig}",
            f"--serverIP=localhost:{self.called}",
            "--webhookServerHost=127.0.0.1",
            f"--webhookServerPort={port}",
            f"--caSecretName={secret}-ca",
            f"--tlsSecretName={secret}-pair",
            f"--backgroundServiceAccountName={account}-background-controller",
            f"--reportsServiceAccountName={account}-reports-controller",
            "--metricsHost=127.0.0.1",
            f"--metricsPort={free_port()}",
            "--controllerRuntimeMetricsAddress=0",
            "--admissionReports=false",
            "--omitEvents=PolicyApplied,PolicySkipped",  # as it is installed
            "--webhookTimeout=30",  # many Pods at a time, on few cores
            **_ENVIRONMENT,
            number=number,
            # By a URL of loopback the API server would speak HTTP/2 to it, and so to one replica.
            GODEBUG="http2server=0",
            KYVERNO_POD_NAME=f"kyverno-{number}",
        )

    def stop(self) -> None:
        kinds = "mutatingwebhookconfiguration,validatingwebhookconfiguration"
        super().stop()
        self.cluster.kubectl("delete", kinds, "--selector", _MANAGED)


def _serves(port: int) -> bool:
    try:
        ssl.get_server_certificate(("localhost", port))
    except OSError:
        return False
    return True


def _policy(name: str, rules: Rules) -> Json:
    """For namespaces with the label `neighbour: NAME`."""
    pods = {
        "kinds": ["Pod"],
        "namespaceSelector": {"matchLabels": {"neighbour": name}},
        **operations(name),
    }

    def key(field: str) -> str:
        return f"+({field})" if name == GAPS else field

    container = {
        "(name)": "{{ element.name }}",
        key("resizePolicy") if rules.keeps_resize_policy else "resizePolicy": RESIZE,
        "resources": {
            "requests": {key(name): amount for name, amount in rules.requests.items()},
            "limits": {key(name): amount for name, amount in rules.limits.items()},
        },
    }
    placement = {
        "nodeSelector": {key(name): value for name, value in NODE_SELECTOR.items()},
        key("tolerations"): TOLERATIONS,
    }
    each = {
        "list": "request.object.spec.containers",
        "patchStrategicMerge": {"spec": {"containers": [container]}},
    }
    written: list[Json] = [{"name": "containers", "mutate": {"foreach": [each]}}]
    if rules.placement:
        written.append({"name": "placement", "mutate": {"patchStrategicMerge": {"spec": placement}}})
    matching = {"match": {"any": [{"resources": pods}]}}
    spec = {"rules": [{**rule, **matching} for rule in written]}
    return {"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": name}, "spec": spec}
