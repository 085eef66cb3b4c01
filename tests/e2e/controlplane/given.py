"""What the parts of a control plane are given in files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from certs.files import CLIENT_CERT, CLIENT_KEY, issue_to
from tests.e2e.controlplane import kubelets

AUDIT_POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
  userGroups: ["system:serviceaccounts:podtailor-system"]
- level: Metadata
  resources: [{group: "", resources: [pods]}]
  verbs: [create]
- level: None
"""

_RUNS = """        ready: true
        restartCount: 0
        state:
          running:
            startedAt: {{ $now | Quote }}
"""
_HAS = """        allocatedResources: {{ (.resources | default dict).requests | default dict | toJson }}
        resources: {{ .resources | default dict | toJson }}
"""


def stages(shipped: Path) -> str:
    """What kwok makes of Pods, told with what each container has: else no Pod could be resized; and of resizes."""
    text = shipped.read_text()
    assert _RUNS in text, f"{shipped} has changed"
    return text.replace(_RUNS, f"{_RUNS}{_HAS}") + kubelets.stages()


def certificates(folder: Path) -> None:
    """What the API server serves, by the name by which Nodes know it too, and says to webhooks who it is."""
    hosts = ["127.0.0.1", "localhost", "kubernetes"]
    issue_to(folder, hosts, datetime.now(UTC), timedelta(days=1), "kube-apiserver")


def admission(folder: Path) -> Path:
    """An AdmissionConfiguration by which webhooks are told who calls, as docs/certificates.md has it."""
    user = {
        "client-certificate": str(folder / CLIENT_CERT),
        "client-key": str(folder / CLIENT_KEY),
    }
    config = {"apiVersion": "v1", "kind": "Config", "users": [{"name": "*", "user": user}]}
    (folder / "webhooks.yaml").write_text(json.dumps(config))
    version = "apiserver.config.k8s.io/v1"
    plugin = {"kind": "WebhookAdmissionConfiguration", "kubeConfigFile": str(folder / "webhooks.yaml")}
    plugins = [{"name": "MutatingAdmissionWebhook", "configuration": {"apiVersion": version, **plugin}}]
    made = folder / "admission.yaml"
    made.write_text(json.dumps({"apiVersion": version, "kind": "AdmissionConfiguration", "plugins": plugins}))
    return made
