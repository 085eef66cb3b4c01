"""The audit reports no Pod that admission changed as it should, whatever has changed since."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.e2e.audits import audit, audit_lines, make, next_second
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.kubelet import Kubelet
from tests.e2e.workloads import bare, controller
from tests.support.commands import podtailor
from tests.support.pods import Json
from tests.support.processes import eventually

MASTERS: Json = {
    "apiVersion": "podtailor.dev/v1alpha1",
    "kind": "ClusterWorkloadPolicy",
    "metadata": {"name": "masters"},
    "spec": {
        "match": {"podSelector": {"matchLabels": {"role": "master"}}},
        "tolerations": [{"key": "m", "operator": "Exists"}],
    },
}


@pytest.fixture(scope="module")
def installed(cluster: ControlPlane, kubelet: Kubelet) -> Iterator[ControlPlane]:
    kubelet.apply("manifests/overlays/cluster-wide")
    cluster.install_policies()
    cluster.kubectl("rollout", "status", "deployment/podtailor", "--namespace=podtailor-system")
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(MASTERS))
    eventually("the policy is in force", lambda: _is_ready(cluster, "masters"))
    next_second()
    yield cluster
    cluster.kubectl("delete", "cwp", "masters", "--ignore-not-found")


def _is_ready(cluster: ControlPlane, name: str) -> bool:
    found = cluster.kubectl_json("get", "cwp", name)
    generation = found["metadata"]["generation"]
    conditions = found.get("status", {}).get("conditions", [])
    return any(each["status"] == "True" and each["observedGeneration"] == generation for each in conditions)


def _is_seen(cluster: ControlPlane, namespace: str, kind: str) -> bool:
    path = "-o=jsonpath={.status.observedGeneration}"
    return cluster.kubectl("get", kind, kind, f"--namespace={namespace}", path) == "2"


def _pods(cluster: ControlPlane, namespace: str, count: int) -> list[Json]:
    def there() -> list[Json] | None:
        found = cluster.pods(namespace)
        return found if len(found) == count and all(each["spec"].get("nodeName") for each in found) else None

    return eventually(f"{count} Pods in {namespace}", there)


def _found(cluster: ControlPlane, namespace: str) -> set[tuple[str, str]]:
    lines = audit_lines(cluster.kubeconfig, "-n", namespace)[:-1]
    return {(line["name"], line["finding"]) for line in lines if line["kind"] == "Pod"}


def test_pods_of_an_older_revision_have_not_drifted(installed: ControlPlane) -> None:
    namespace = installed.create_namespace("older")
    for kind in ("StatefulSet", "DaemonSet"):
        made = controller(kind, kind.lower(), 1)
        made["spec"]["updateStrategy"] = {"type": "OnDelete"}
        made["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "10m"}}
        make(installed, namespace, made)
    _pods(installed, namespace, 2)
    patch: Any = {
        "spec": {
            "template": {"spec": {"containers": [{"name": "app", "resources": {"requests": {"cpu": "20m"}}}]}}
        }
    }
    for kind in ("statefulset", "daemonset"):
        installed.kubectl("patch", kind, kind, f"--namespace={namespace}", f"--patch={json.dumps(patch)}")
    for kind in ("statefulset", "daemonset"):
        eventually("it is seen", partial(_is_seen, installed, namespace, kind))
    assert {finding for _, finding in _found(installed, namespace)} == {"pass"}


def _entries(cluster: ControlPlane, namespace: str) -> set[tuple[str, str]]:
    """Manager and time of each write of a namespace's labels, by managedFields."""
    found = cluster.kubectl_json("get", "namespace", namespace, "--show-managed-fields")["metadata"]
    return {
        (each["manager"], each["time"])
        for each in found["managedFields"]
        if "f:labels" in each["fieldsV1"].get("f:metadata", {})
    }


def _revision(cluster: ControlPlane, namespace: str) -> int:
    return int(cluster.kubectl_json("get", "namespace", namespace)["metadata"]["resourceVersion"])


def _label(cluster: ControlPlane, namespace: str, *labels: str) -> None:
    cluster.kubectl("label", "namespace", namespace, *labels)


def test_label_that_is_taken_off_moves_the_revision_and_no_time(installed: ControlPlane) -> None:
    """A fact of the API server (k8s.io/apimachinery `managedFieldsUpdater`) that all accusations rest on."""
    namespace = installed.create_namespace("facts", mode="audit")
    next_second()
    created, revision = _entries(installed, namespace), _revision(installed, namespace)
    assert {manager for manager, _ in created} == {"kubectl-create"}
    _label(installed, namespace, "podtailor.dev/mode-")
    assert _entries(installed, namespace) == created, "that of the label kubernetes.io/metadata.name"
    _label(installed, namespace, "podtailor.dev/injection=disabled", "a=b")
    labelled = _entries(installed, namespace)
    assert len(labelled) == 2
    next_second()
    _label(installed, namespace, "podtailor.dev/injection-")
    assert _entries(installed, namespace) == labelled, "the time of the other label, put on with it"
    _label(installed, namespace, "a-")
    assert _entries(installed, namespace) == created, "the removal leaves no trace"
    assert _revision(installed, namespace) > revision


@pytest.mark.parametrize("label", ["podtailor.dev/mode=audit", "podtailor.dev/injection=disabled"])
def test_label_that_was_taken_off_its_namespace_makes_no_pod_slip_through(
    installed: ControlPlane, label: str
) -> None:
    key, _, value = label.partition("=")
    namespace = installed.create_namespace(f"was-{value}", **{key.partition("/")[2]: value})
    next_second()
    make(installed, namespace, controller("Deployment", "early", 1))
    _pods(installed, namespace, 1)
    next_second()
    _label(installed, namespace, f"{key}-")
    next_second()
    make(installed, namespace, controller("Deployment", "tailored", 1))
    _pods(installed, namespace, 2)
    next_second()
    _label(installed, namespace, label)
    make(installed, namespace, controller("Deployment", "later", 1))
    late = next(
        pod["metadata"]["name"]
        for pod in _pods(installed, namespace, 3)
        if pod["metadata"]["name"].startswith("later")
    )
    installed.kubectl(
        "wait", "--for=jsonpath={.status.phase}=Running", "pod", "--all", f"--namespace={namespace}"
    )
    next_second()
    _label(installed, namespace, f"{key}-")
    findings = {name.partition("-")[0]: finding for name, finding in _found(installed, namespace)}
    assert findings == {"early": "would-change", "tailored": "pass", "later": "would-change"}
    output = podtailor(
        "explain", f"pod/{late}", "-n", namespace, f"--kubeconfig={installed.kubeconfig}"
    ).stdout
    assert "Whether the policy was in force in between is unknown" in output


def test_pod_relabelled_since_did_not_slip_through(installed: ControlPlane) -> None:
    namespace = installed.create_namespace("relabelled")
    make(installed, namespace, bare("r"))
    next_second()
    installed.kubectl("label", "pod", "r", "role=master", f"--namespace={namespace}")
    assert _found(installed, namespace) == {("r", "would-change")}


def test_policy_that_lost_a_clause_accuses_nobody_from_before(installed: ControlPlane) -> None:
    """The API server keeps no time of it; the status does, which is written after every change."""
    namespace = installed.create_namespace("widened")
    make(installed, namespace, bare("w"))
    next_second()
    remove = [{"op": "remove", "path": "/spec/match"}]
    installed.kubectl("patch", "cwp", "masters", "--type=json", f"--patch={json.dumps(remove)}")
    try:
        eventually("the policy is in force", lambda: _is_ready(installed, "masters"))
        assert _found(installed, namespace) == {("w", "would-change")}
    finally:
        installed.kubectl("apply", "-f", "-", stdin=json.dumps(MASTERS))


def test_changed_value_is_what_a_new_pod_would_have(installed: ControlPlane) -> None:
    namespace = installed.create_namespace("raised")
    sized = {
        "apiVersion": "podtailor.dev/v1alpha1",
        "kind": "WorkloadPolicy",
        "metadata": {"name": "sized"},
        "spec": {"resources": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "50m"}}]}},
    }
    make(installed, namespace, sized)
    eventually(
        "it is in force",
        lambda: installed.kubectl(
            "get", "wp", "sized", f"--namespace={namespace}", "-o=jsonpath={.status.conditions}"
        ),
    )
    make(installed, namespace, controller("Deployment", "web", 1))
    _pods(installed, namespace, 1)
    next_second()
    patch = {"spec": {"resources": {"limits": [{"type": "Container", "defaultRequest": {"cpu": "70m"}}]}}}
    installed.kubectl(
        "patch", "wp", "sized", f"--namespace={namespace}", "--type=merge", f"--patch={json.dumps(patch)}"
    )
    (line,) = [
        each for each in audit_lines(installed.kubeconfig, "-n", namespace)[:-1] if each["kind"] == "Pod"
    ]
    assert line["finding"] == "would-change"
    (item,) = [each for each in line["items"] if each["field"] == "app:requests.cpu"]
    assert (item["before"], item["after"]) == ("50m", "70m")
    assert line["requests"]["after"]["cpu"] == "70m"


def test_set_that_rolls_out_in_parts_is_for_a_person(installed: ControlPlane) -> None:
    namespace = installed.create_namespace("parts", injection="disabled")
    parted = controller("StatefulSet", "parted", 2)
    parted["spec"]["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}
    make(installed, namespace, parted)
    _pods(installed, namespace, 2)
    installed.kubectl("label", "namespace", namespace, "podtailor.dev/injection=enabled", "--overwrite")
    next_second()
    output = podtailor("retrofit", "-n", namespace, f"--kubeconfig={installed.kubeconfig}").stdout
    assert "rollout restart" not in output
    assert (
        "StatefulSet parts/parted (parted-0, parted-1): its partition excludes the first 1 Pods from rollouts"
        in output
    )


def test_odd_objects_end_no_audit(installed: ControlPlane) -> None:
    namespace = installed.create_namespace("odd")
    make(
        installed,
        namespace,
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "empty"}, "spec": {"limits": []}},
        bare("p"),
    )
    assert _found(installed, namespace) == {("p", "pass")}


def test_missing_webhook_configuration_is_reported(installed: ControlPlane, kubelet: Kubelet) -> None:
    installed.kubectl("create", "deployment", "web", "--image=example.com/web", "--replicas=0", "-n", "odd")
    installed.kubectl("delete", "mutatingwebhookconfiguration", "podtailor")
    try:
        done = audit(installed.kubeconfig, "-n", "odd")
        assert done.stdout.startswith(
            "the API server does not call podtailor now: there is no MutatingWebhookConfiguration podtailor\n"
        )
        for target in ("pod/p", "deployment/web", "web"):
            explained = podtailor(
                "explain", target, "-n", "odd", f"--kubeconfig={installed.kubeconfig}"
            ).stdout
            assert (
                explained.splitlines()[1]
                == "  the API server does not call podtailor now: there is no MutatingWebhookConfiguration podtailor"
            )
        refused = podtailor("retrofit", "--apply", f"--kubeconfig={installed.kubeconfig}")
        assert refused.returncode == 2
        assert (
            "error: new Pods would not change: the API server does not call podtailor now" in refused.stderr
        )
    finally:
        kubelet.apply("manifests/overlays/cluster-wide")
