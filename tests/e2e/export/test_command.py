"""`podtailor export` against a cluster, and what `audit` and `explain` say of an exported policy there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.commands import podtailor
from tests.support.pods import pod
from tests.support.processes import eventually

KINDS = "mutatingadmissionpolicies,mutatingadmissionpolicybindings"
POLICY = """
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: mine}
spec:
  priority: PRIORITY
  match: {namespaceSelector: {matchLabels: {export.test/command: "yes"}}}
  resizePolicy: {memory: RestartContainer}
"""
SIZES = """
apiVersion: podtailor.dev/v1alpha1
kind: ClusterWorkloadPolicy
metadata: {name: sizes}
spec:
  match: {namespaceSelector: {matchLabels: {export.test/command: sizes}}}
  resources: {limits: [{type: Container, defaultRequest: {cpu: 100m}}]}
"""
RESTARTS = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
LIMIT_RANGE = """
apiVersion: v1
kind: LimitRange
metadata: {name: bounds, namespace: export-command}
spec: {limits: [{type: Pod, max: {cpu: "4"}}]}
"""


SERVER_IN_MODE_AUDIT = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: podtailor, namespace: podtailor-system}
spec:
  replicas: 0
  selector: {matchLabels: {app: podtailor}}
  template:
    metadata: {labels: {app: podtailor}}
    spec: {containers: [{name: webhook, image: podtailor, args: [serve, --mode=Audit]}]}
"""


class Cluster:
    def __init__(self, control_plane: ControlPlane) -> None:
        self.control_plane = control_plane

    def run(self, *words: str) -> CompletedProcess[str]:
        return podtailor(*words, f"--kubeconfig={self.control_plane.kubeconfig}")

    def apply(self, text: str) -> None:
        self.control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)

    def set_priority(self, priority: int) -> None:
        self.apply(POLICY.replace("PRIORITY", str(priority)))

    def export(self, *words: str) -> None:
        done = self.run("export", "--from-cluster", *words)
        assert done.returncode == 0, done.stderr
        self.apply(done.stdout)


@pytest.fixture(scope="module")
def cluster_with_policy(crds: ControlPlane) -> Iterator[Cluster]:
    """A policy of its own beside the built-in ones, for one namespace; no webhook anywhere."""
    made = Cluster(crds)
    made.set_priority(1)
    labels = {"export.test/command": "yes"}
    namespace = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "export-command", "labels": labels},
    }
    made.apply(json.dumps(namespace))
    crds.wait_for_namespace("export-command")
    yield made
    crds.kubectl("delete", "clusterworkloadpolicy", "mine")
    crds.kubectl("delete", "namespace", "export-command")


@pytest.fixture
def exported(cluster_with_policy: Cluster, client: Client) -> Iterator[Cluster]:
    """Applied, and in force."""
    cluster_with_policy.set_priority(1)
    cluster_with_policy.export("--builtin", "off")

    def is_in_force() -> bool:
        created = client.create("export-command", pod(), dry_run=True)
        return bool(created["spec"]["containers"][0].get("resizePolicy") == RESTARTS)

    eventually("the exported policy is in force", is_in_force, seconds=30)
    yield cluster_with_policy
    cluster_with_policy.control_plane.kubectl("delete", KINDS, "podtailor", "--ignore-not-found")
    eventually("it is no longer in force", lambda: not is_in_force())


def _check(cluster: Cluster, *words: str) -> tuple[int, str]:
    done = cluster.run("export", "--from-cluster", "--check", *words)
    return done.returncode, done.stdout + done.stderr


def test_what_is_applied_is_what_the_policies_compile_to(exported: Cluster) -> None:
    """The API server adds no field, and keeps every text as it was sent."""
    assert _check(exported) == (0, "MutatingAdmissionPolicy podtailor is what these policies compile to\n")


def test_check_says_that_nothing_is_applied(cluster_with_policy: Cluster) -> None:
    code, said = _check(cluster_with_policy, "--name", "nobody")
    assert code == 1
    assert "error: there is no MutatingAdmissionPolicy nobody [not-exported]\n" in said
    assert "error: there is no MutatingAdmissionPolicyBinding nobody [not-exported]\n" in said


def test_check_says_which_policies_are_newer(exported: Cluster) -> None:
    exported.set_priority(2)
    code, said = _check(exported)
    assert code == 1
    assert "was made from other policies: changed since: mine [export-outdated]" in said


def test_check_says_what_somebody_has_edited(exported: Cluster) -> None:
    patch = json.dumps({"spec": {"reinvocationPolicy": "Never"}})
    exported.control_plane.kubectl(
        "patch", "mutatingadmissionpolicy", "podtailor", "--type=merge", f"--patch={patch}"
    )
    code, said = _check(exported)
    assert code == 1
    assert (
        "has been edited: spec.reinvocationPolicy is not what its policies compile to [export-edited]" in said
    )


def test_check_says_that_the_binding_is_gone(exported: Cluster) -> None:
    exported.control_plane.kubectl("delete", "mutatingadmissionpolicybinding", "podtailor")
    code, said = _check(exported)
    assert code == 1
    assert "error: there is no MutatingAdmissionPolicyBinding podtailor [not-exported]\n" in said


def test_options_are_kept_where_there_is_no_server(exported: Cluster) -> None:
    exported.export("--builtin", "strict", "--preset", "redis")
    assert _check(exported)[0] == 0, "its annotation says them"
    code, said = _check(exported, "--builtin", "safe", "--preset", "redis")
    assert code == 1
    assert "changed since: gpu, stateful, arm64, general" in said


def test_version_that_the_api_server_says_decides(
    cluster_with_policy: Cluster, cluster: ControlPlane, tmp_path: Path
) -> None:
    """And not the one that a flag says, by which what an upgrade has made outdated would be as it should be."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(SIZES)
    named = ("export", f"--policies={policy}", "--builtin=off", "--name=sizes")
    other = "1.36" if cluster.version != "1.36" else "1.37"
    cluster_with_policy.apply(podtailor(*named, f"--kubernetes-version={other}").stdout)
    try:
        done = cluster_with_policy.run(*named, "--check", f"--kubernetes-version={other}")
        hinted = f"--kubernetes-version {cluster.version}"
        cluster_with_policy.apply(podtailor(*named, *hinted.split()).stdout)
        again = cluster_with_policy.run(*named, "--check")
    finally:
        cluster.kubectl("delete", KINDS, "sizes")
    assert done.returncode == 1
    assert "perhaps for another version of Kubernetes" in done.stderr
    assert f"the same options and {hinted}, piped to" in done.stderr
    assert again.returncode == 0, again.stderr


def test_bounds_of_whole_pods_are_refused_by_name(cluster_with_policy: Cluster) -> None:
    cluster_with_policy.apply(LIMIT_RANGE)
    try:
        refused = cluster_with_policy.run("export", "--from-cluster")
        taken = cluster_with_policy.run("export", "--from-cluster", "--despite-limitranges")
    finally:
        cluster_with_policy.control_plane.kubectl(
            "delete", "limitrange", "bounds", "--namespace=export-command"
        )
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "which may be refused then: export-command [unseen-bounds]" in refused.stderr
    assert taken.returncode == 0
    assert taken.stdout
    assert "warning: namespaces in which a LimitRange bounds whole Pods" in taken.stderr


def test_server_in_mode_audit_is_not_exported_as_enforcing(cluster_with_policy: Cluster) -> None:
    control_plane = cluster_with_policy.control_plane
    control_plane.apply("-f", "manifests/base/namespace.yaml")
    try:
        cluster_with_policy.apply(SERVER_IN_MODE_AUDIT)
        done = cluster_with_policy.run("export", "--from-cluster")
    finally:
        control_plane.kubectl("delete", "deployment", "podtailor", "--namespace=podtailor-system")
    assert (done.returncode, done.stdout) == (1, "")
    assert "error: the server runs with --mode=Audit; an exported policy would enforce" in done.stderr


def _audit(cluster: Cluster) -> tuple[list[dict[str, object]], dict[str, object]]:
    done = cluster.run("audit", "-n", "export-command", "-o", "json", "--fail-on", "none")
    *rows, last = map(json.loads, done.stdout.splitlines())
    return rows, last["summary"]


def test_audit_says_that_an_exported_policy_tailors(exported: Cluster, client: Client) -> None:
    client.create("export-command", pod(metadata="name: live"))
    try:
        rows, summary = _audit(exported)
        table = exported.run("audit", "-n", "export-command").stdout
        page = exported.run("audit", "-n", "export-command", "-o", "html").stdout
        explained = exported.run("explain", "pod/live", "-n", "export-command").stdout
    finally:
        exported.control_plane.kubectl("delete", "pod", "live", "--namespace=export-command", "--now")
    assert [(row["name"], row["finding"], row["tailoredBy"]) for row in rows] == [
        ("live", "pass", "exported policy")
    ]
    assert (summary["tailoredBy"], summary["notes"]) == ({"exported policy": 1}, [])
    assert "New Pods are tailored: 1 by exported policy, of 1 owner" in table
    assert "1 owner by exported policy" in page
    assert "new Pods are tailored by the API server, with an exported policy" in explained
    assert "does not call podtailor" not in table + explained


def test_audit_says_that_it_is_older(exported: Cluster) -> None:
    exported.set_priority(3)
    _, summary = _audit(exported)
    older = "MutatingAdmissionPolicy podtailor is older than the policies in force, or made from others: "
    assert summary["notes"] == [f"{older}changed since: mine"]


def test_audit_says_that_nobody_tailors(cluster_with_policy: Cluster) -> None:
    _, summary = _audit(cluster_with_policy)
    assert summary["notes"] == [
        "the API server does not call podtailor now: there is no MutatingWebhookConfiguration podtailor"
    ]
