"""The chart, as somebody installs, upgrades, tests and removes it, while Pods are created all the time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.build import binary
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.creating import Creating
from tests.e2e.kubelet import NAMESPACE, Kubelet
from tests.e2e.test_overlays import LEFT, is_tailored
from tests.support.pods import Json
from tests.support.processes import eventually

POLICIES = """
policies:
  tolerant:
    tolerations: [{{key: dedicated, operator: Exists}}]
  {namespace}/small:
    resources: {{limits: [{{type: Container, defaultRequest: {{cpu: 50m, memory: 64Mi}}}}]}}
"""
DEFINITIONS = ("clusterworkloadpolicies.podtailor.dev", "workloadpolicies.podtailor.dev")
# While a release is installed or removed calls may fail, and Pods are created all the same.
pytestmark = pytest.mark.lets_pods_through


def _helm(cluster: ControlPlane, verb: str, *words: str) -> str:
    verbs = verb.split()
    command: list[str | Path] = [binary("helm"), *verbs, "podtailor", *words, f"--namespace={NAMESPACE}"]
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    return f"{done.stdout}{done.stderr}"


def _held(cluster: ControlPlane) -> tuple[Json, str]:
    """The Secret, and the caBundle."""
    secret = cluster.kubectl_json("get", "secret", "podtailor-webhook-tls", f"--namespace={NAMESPACE}")
    hooks = cluster.kubectl_json("get", "mutatingwebhookconfiguration", "podtailor")["webhooks"]
    return secret["data"], hooks[0]["clientConfig"].get("caBundle", "")


def test_installed_upgraded_and_removed(
    cluster: ControlPlane, client: Client, kubelet: Kubelet, tmp_path: Path
) -> None:
    with Creating(client, cluster.create_namespace("helm-busy")) as creating:
        _life(cluster, client, kubelet, tmp_path)
    creating.check()


def _life(cluster: ControlPlane, client: Client, kubelet: Kubelet, folder: Path) -> None:
    place = cluster.create_namespace("charted")
    cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")  # a new cluster has none
    cluster.kubectl("delete", "crd", *DEFINITIONS, "--ignore-not-found")
    values = folder / "values.yaml"
    values.write_text(POLICIES.format(namespace=place))
    said = _helm(cluster, "install", "charts/podtailor", "--create-namespace", f"--values={values}")
    assert "kubectl delete mutatingwebhookconfiguration podtailor" in said
    assert _policies(cluster) == {"tolerant", "small"}, "with the definitions, in one command"
    kubelet.follow()
    eventually("Pods are tailored", lambda: is_tailored(client, place))
    eventually("Pods get what policies of the values say", lambda: _requests(client, place) == "50m")
    secret, bundle = _held(cluster)

    # The tests lead Service and port to a process on loopback: helm would not overwrite that unasked.
    strict = ("--set=builtin=strict", "--set=policies.tolerant.priority=1")
    _helm(cluster, "upgrade", "charts/podtailor", *strict, "--force-conflicts")
    assert _held(cluster) == (secret, bundle), "kept"
    assert _policies(cluster) == {"tolerant"}, "what values no longer name is deleted"
    assert cluster.kubectl_json("get", "cwp", "tolerant")["spec"] == {"mode": "Enforce", "priority": 1}
    owned = cluster.kubectl("get", "crd", *DEFINITIONS, "--output=jsonpath={.items[*].metadata.labels}")
    assert owned.count("helm.sh/chart") == 2, "upgraded with the release"
    kubelet.follow()
    eventually("Pods get limits", lambda: _limits(client, place))
    assert _held(cluster)[0]["ca.crt"] == secret["ca.crt"]
    _test(cluster, folder)

    removed = _helm(cluster, "uninstall", "--debug", "--wait")
    order = re.findall(r'"starting delete resource" .*kind=(\w+)', removed)
    assert order[0] == "MutatingWebhookConfiguration", "as long as it is there, Pods wait for who answers"
    kubelet.sync()
    left = cluster.kubectl("get", LEFT, "--output=name")
    assert [line for line in left.splitlines() if "podtailor" in line] == [
        f"customresourcedefinition.apiextensions.k8s.io/{name}" for name in DEFINITIONS
    ]
    assert not _policies(cluster), "those of the release are deleted with it"
    cluster.kubectl("delete", "namespace", NAMESPACE)


def _policies(cluster: ControlPlane) -> set[str]:
    listed = cluster.kubectl_json("get", "cwp,wp", "--all-namespaces")["items"]
    return {each["metadata"]["name"] for each in listed}


def _resources(client: Client, namespace: str) -> Json:
    created = client.create(namespace, {"kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [
        {"name": "a", "image": "a"}]}}, dry_run=True)  # fmt: skip
    resources: Json = created["spec"]["containers"][0].get("resources", {})
    return resources


def _limits(client: Client, namespace: str) -> Json | None:
    return _resources(client, namespace).get("limits")


def _requests(client: Client, namespace: str) -> str | None:
    return (_resources(client, namespace).get("requests") or {}).get("cpu")


def _test(cluster: ControlPlane, folder: Path) -> None:
    """`helm test`; and what its container does, under the roles that it has."""
    hooks = folder / "hooks.yaml"
    hooks.write_text(_helm(cluster, "get hooks"))
    cluster.kubectl("apply", "-f", str(hooks))
    job = cluster.kubectl_json("get", "job", "podtailor-test", f"--namespace={NAMESPACE}")
    spec = job["spec"]["template"]["spec"]
    account = cluster.account(spec["serviceAccountName"], folder)
    words = [*spec["containers"][0]["args"], f"--kubeconfig={account}"]
    command = [sys.executable, "-m", "webhook", *words]
    cluster.kubectl("rollout", "status", "deployment/podtailor", f"--namespace={NAMESPACE}")

    def check() -> bool:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        print(done.stdout, done.stderr)
        return done.returncode == 0

    eventually("certificates are well", check)
    cluster.kubectl("delete", "-f", str(hooks))
    _helm(cluster, "test", "--timeout=60s")
