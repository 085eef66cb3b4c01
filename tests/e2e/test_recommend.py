"""`podtailor recommend` for what an API server has: owners, autoscalers, LimitRanges, quotas, Nodes and policies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.recommend.weeks import WEEK, measured
from tests.support.commands import podtailor
from tests.support.pods import yaml
from tests.support.processes import eventually
from webhook.model.names import OWN_NAMESPACE
from webhook.usage.files import as_json
from webhook.usage.measured import ContainerOfPod, NamespaceUsage
from webhook.workloads.workload import Ref

COMPONENT = "manifests/components/recommend-cronjob"
READ = "pods,replicationcontrollers,resourcequotas,limitranges,deployments,statefulsets,daemonsets,replicasets,jobs,cronjobs"
OBJECTS = """
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: LimitRange
  metadata: {name: bounds}
  spec: {limits: [{type: Container, max: {memory: 3Gi}, defaultRequest: {cpu: 10m}, default: {memory: 3Gi}}]}
- apiVersion: v1
  kind: ResourceQuota
  metadata: {name: compute}
  spec: {hard: {requests.cpu: "12"}}
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: web, labels: {tier: front}}
  spec:
    replicas: 2
    selector: {matchLabels: {app: web}}
    template:
      metadata: {labels: {app: web}}
      spec:
        containers: [{name: app, image: web, resources: {requests: {cpu: "1", memory: 2Gi}}}]
- apiVersion: apps/v1
  kind: Deployment
  metadata: {name: api}
  spec:
    replicas: 1
    selector: {matchLabels: {app: api}}
    template:
      metadata: {labels: {app: api}}
      spec:
        containers: [{name: app, image: "eclipse-temurin:21", resources: {requests: {cpu: "1", memory: 2Gi}}}]
- apiVersion: autoscaling/v2
  kind: HorizontalPodAutoscaler
  metadata: {name: api}
  spec:
    scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: api}
    maxReplicas: 4
    metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
"""


@pytest.fixture(scope="module")
def shop(crds: ControlPlane) -> str:
    name = crds.create_namespace("recommended", injection="disabled")
    # The LimitRange and the quota first: the Pods are created by their leave.
    items = yaml(OBJECTS)["items"]
    for part in (items[:2], items[2:]):
        stream = json.dumps({"apiVersion": "v1", "kind": "List", "items": part})
        crds.kubectl("apply", "-n", name, "-f", "-", stdin=stream)
    eventually("three Pods", lambda: len(_pods(crds, name)) == 3)
    quota = ("get", "resourcequota", "compute", "-n", name)
    eventually(
        "used quota", lambda: crds.kubectl_json(*quota)["status"].get("used", {}).get("requests.cpu") == "3"
    )
    return name


def _pods(cluster: ControlPlane, namespace: str) -> list[str]:
    listed = cluster.kubectl_json("get", "pods", "-n", namespace)
    return sorted(each["metadata"]["name"] for each in listed["items"])


def _recommend(
    cluster: ControlPlane, namespace: str, folder: Path, *flags: str, p95: str, memory: str
) -> CompletedProcess[str]:
    usage = _usage(cluster, namespace, folder, p95, memory)
    return podtailor(
        "recommend", *flags, "-n", namespace, "--usage", str(usage), "--max-shrink=100",
        f"--kubeconfig={cluster.kubeconfig}",
    )  # fmt: skip


def _usage(cluster: ControlPlane, namespace: str, folder: Path, p95: str, memory: str) -> Path:
    pods = _pods(cluster, namespace)
    usage = NamespaceUsage(
        namespace=namespace,
        window=WEEK,
        containers={ContainerOfPod(each, "app"): measured(p95, p95, memory) for each in pods},
        owners={each: Ref("Deployment", namespace, each.partition("-")[0]) for each in pods},
    )
    file = folder / "usage.json"
    file.write_bytes(as_json(usage))
    return file


def _rows(done: CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    return {each["owner"]["name"]: each for each in json.loads(done.stdout)["recommendations"]}


def test_less_is_recommended_except_where_something_keeps_it(
    crds: ControlPlane, shop: str, tmp_path: Path
) -> None:
    rows = _rows(_recommend(crds, shop, tmp_path, "-o", "json", p95="200m", memory="400Mi"))
    assert rows["web"]["to"] == {"requests": {"cpu": "230m", "memory": "464Mi"}}
    assert rows["web"]["measured"]["pods"] == 2
    assert rows["api"]["to"] == {}
    assert {resource: why["name"] for resource, why in rows["api"]["why"].items()} == {
        "cpu": "autoscaled",
        "memory": "keeps-memory",
    }


def test_more_must_fit(crds: ControlPlane, shop: str, tmp_path: Path) -> None:
    rows = _rows(_recommend(crds, shop, tmp_path, "-o", "json", "--with-hpa", p95="3", memory="4Gi"))
    # Of 12 CPUs the other has 2, and it may have four Pods.
    assert rows["api"]["to"]["requests"]["cpu"] == "2500m"
    assert rows["api"]["why"]["cpu"]["name"] == "does-not-fit"
    assert rows["api"]["autoscalers"] == [{"name": "api", "resource": "cpu", "from": 70, "to": 28}]
    assert rows["web"]["why"]["memory"]["name"] == "limit-range"
    assert rows["web"]["to"]["requests"]["memory"] == "3Gi"


def test_names_and_labels_select(crds: ControlPlane, shop: str, tmp_path: Path) -> None:
    for flags in (["deployment/web"], ["deploy", "web"], ["-l", "tier=front"]):
        rows = _rows(_recommend(crds, shop, tmp_path, *flags, "-o", "json", p95="1", memory="1Gi"))
        assert [*rows] == ["web"]
    missing = _recommend(crds, shop, tmp_path, "deployment/wep", p95="1", memory="1Gi")
    assert missing.returncode == 2
    assert "did you mean deployment/web?" in missing.stderr


def test_policies_of_the_cluster_decide_about_margins(crds: ControlPlane, shop: str, tmp_path: Path) -> None:
    policy = {
        "apiVersion": "podtailor.dev/v1alpha1",
        "kind": "WorkloadPolicy",
        "metadata": {"name": "twice"},
        "spec": {"match": {"podSelector": {"matchLabels": {"app": "web"}}}, "recommend": {"cpuMargin": "2"}},
    }
    crds.kubectl("apply", "-n", shop, "-f", "-", stdin=json.dumps(policy))
    try:
        rows = _rows(_recommend(crds, shop, tmp_path, "-o", "json", p95="200m", memory="400Mi"))
    finally:
        crds.kubectl("delete", "workloadpolicy", "twice", "-n", shop)
    assert rows["web"]["to"]["requests"]["cpu"] == "400m"


def test_policies_leave_out_what_templates_set(crds: ControlPlane, shop: str, tmp_path: Path) -> None:
    done = _recommend(crds, shop, tmp_path, "--write", "policy", p95="200m", memory="400Mi")
    assert "the template sets it [no-effect]" in done.stderr
    assert done.stdout == ""


def test_the_api_server_takes_the_patches(crds: ControlPlane, shop: str, tmp_path: Path) -> None:
    done = _recommend(crds, shop, tmp_path, "--write", "patch", p95="200m", memory="400Mi")
    patch = tmp_path / "patch.yaml"
    patch.write_text(done.stdout)
    crds.kubectl("patch", "deployment", "web", "-n", shop, "--patch-file", str(patch), "--dry-run=server")


def test_the_audit_finds_what_is_too_much(crds: ControlPlane, shop: str, tmp_path: Path) -> None:
    usage = _usage(crds, shop, tmp_path, "200m", "400Mi")
    flags = ("-n", shop, "-o", "json", "--fail-on", "oversized", f"--kubeconfig={crds.kubeconfig}")
    done = podtailor("audit", "--usage", str(usage), *flags)
    assert done.returncode == 1, done.stderr
    *records, last = map(json.loads, done.stdout.splitlines())
    found = {(each["kind"], each["owner"]["name"]): each for each in records}
    assert {key: each["finding"] for key, each in found.items()} == {
        ("Deployment", "web"): "oversized",
        ("Pod", "web"): "oversized",
        ("Deployment", "api"): "skipped",  # an autoscaler keeps its CPU, and a JVM its memory
        ("Pod", "api"): "skipped",
    }
    assert [each["after"] for each in found["Pod", "web"]["items"][:2]] == ["230m", "464Mi"]
    assert last["summary"]["owners"]["oversized"] == 1
    assert last["summary"]["findings"]["oversized"] == 2


@pytest.fixture(scope="module")
def daily(crds: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A kubeconfig of the CronJob's ServiceAccount."""
    crds.kubectl("apply", "-f", "manifests/base/namespace.yaml")
    crds.kubectl("apply", "-k", COMPONENT)
    yield crds.account("podtailor-recommend", tmp_path_factory.mktemp("account"))
    crds.kubectl("delete", "-k", COMPONENT)
    crds.kubectl("delete", "namespace", OWN_NAMESPACE)


def test_what_may_not_be_read_is_not_taken_for_nothing(
    crds: ControlPlane, shop: str, daily: Path, tmp_path: Path
) -> None:
    crds.kubectl("create", "quota", "scoped", "--hard=pods=9", "--scopes=NotBestEffort", "-n", shop)
    crds.kubectl("create", "serviceaccount", "reader", "-n", OWN_NAMESPACE)
    crds.kubectl("create", "role", "reader", "--verb=get,list", f"--resource={READ}", "-n", shop)
    account = f"--serviceaccount={OWN_NAMESPACE}:reader"
    crds.kubectl("create", "rolebinding", "reader", "--role=reader", account, "-n", shop)
    usage = _usage(crds, shop, tmp_path, "200m", "400Mi")
    flags = ("-n", shop, f"--usage={usage}", "--max-shrink=100", "-o", "json")
    reader = f"--kubeconfig={crds.account('reader', daily.parent)}"
    done = podtailor("recommend", *flags, reader)
    assert _rows(done)["web"]["why"]["cpu"]["name"] == "autoscalers-unknown"
    assert _rows(done)["web"]["to"] == {}
    assert "warning: you may not read horizontalpodautoscalers: whether one goes by a request" in done.stderr
    assert f"warning: {shop}: ResourceQuota scoped has scopes" in done.stderr


@pytest.fixture(scope="module")
def open_(crds: ControlPlane) -> str:
    """A namespace with a Deployment that says nothing about resources, and nothing that bounds them."""
    namespace = crds.create_namespace("open", injection="disabled")
    crds.kubectl("create", "deployment", "web", "--image=web", "-n", namespace)
    eventually("a Pod", lambda: _pods(crds, namespace))
    crds.kubectl("patch", "deployment", "web", "-n", namespace, "--type=json", "-p", json.dumps(
        [{"op": "replace", "path": "/spec/template/spec/containers/0/name", "value": "app"}]
    ))  # fmt: skip
    eventually("the new Pod alone", lambda: len(_pods(crds, namespace)) == 1)
    return namespace


def test_a_pod_must_fit_on_a_node(crds: ControlPlane, open_: str, tmp_path: Path) -> None:
    (row,) = _rows(_recommend(crds, open_, tmp_path, "-o", "json", p95="90", memory="400Mi")).values()
    assert row["to"]["requests"]["cpu"] == "64"
    assert row["why"]["cpu"]["name"] == "does-not-fit"


def test_daily_run_writes_policies_and_overwrites_nothing_that_somebody_has_set(
    crds: ControlPlane, daily: Path, open_: str, tmp_path: Path
) -> None:
    jobs = crds.kubectl_json("get", "cronjob", "podtailor-recommend", f"--namespace={OWN_NAMESPACE}")
    arguments = jobs["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]

    def run(p95: str) -> tuple[str, Any]:
        usage = _usage(crds, open_, tmp_path, p95, "400Mi")
        done = podtailor(*arguments, f"--usage={usage}", f"--kubeconfig={daily}")
        assert done.returncode == 0, done.stderr
        return done.stdout, crds.kubectl_json("get", "wp", "deployment-web-app", "-n", open_)["spec"]

    printed, spec = run("200m")
    assert printed == f"{open_}/deployment-web-app: written\n"
    assert spec["mode"] == "Audit"
    assert spec["resources"]["limits"][0]["defaultRequest"] == {"cpu": "230m", "memory": "464Mi"}
    assert run("400m")[1]["resources"]["limits"][0]["defaultRequest"]["cpu"] == "460m"
    enforce = ("--type=merge", "-p", '{"spec":{"mode":"Enforce"}}')
    crds.kubectl("patch", "wp", "deployment-web-app", "-n", open_, *enforce)
    printed, spec = run("800m")
    assert printed.startswith(f"{open_}/deployment-web-app: unchanged: ")
    assert "kubectl-patch" in printed
    assert printed.endswith(" .spec.mode\n")
    assert spec["mode"] == "Enforce"
    assert spec["resources"]["limits"][0]["defaultRequest"]["cpu"] == "460m"

    asked = crds.asked_by(f"system:serviceaccount:{OWN_NAMESPACE}:podtailor-recommend")
    assert {code for _, _, code in asked} <= {200, 201, 404, 409}, asked
    allowed = {
        (verb, resource)
        for document in (Path(COMPONENT) / "rbac.yaml").read_text().split("---\n")
        for rule in yaml(document).get("rules", ())
        for verb in rule["verbs"]
        for resource in rule["resources"]
    }
    # The first apply of a policy is a create to RBAC, and a patch in the log.
    assert allowed - {(verb, resource) for verb, resource, _ in asked} == {("create", "workloadpolicies")}
