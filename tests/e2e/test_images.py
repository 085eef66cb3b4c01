"""`podtailor images` over a real API server: Pods that a scheduler has placed on Nodes of two architectures."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from tests.cli.images.test_command import FUTURE
from tests.e2e.controlplane.cluster import ControlPlane
from tests.images.test_evidence import read
from tests.support.commands import podtailor
from tests.support.pods import yaml
from tests.support.processes import eventually
from webhook.cluster.image_platforms import CONFIG_MAP
from webhook.images.cache import read_cache, write_cache
from webhook.images.known import known_images
from webhook.model.image_platforms import AMD64, ARM64, ImagePlatforms, Level
from webhook.model.names import OWN_NAMESPACE

ON_ARM64 = {
    "nodeSelector": {"kubernetes.io/arch": "arm64"},
    "tolerations": [{"key": "kubernetes.io/arch", "operator": "Exists"}],
}


def _deployment(name: str, *images: str, **spec: Any) -> dict[str, Any]:
    labels = {"app": name}
    containers = [{"name": f"c{index}", "image": image} for index, image in enumerate(images)]
    containers[0]["resources"] = {"requests": {"cpu": "500m"}}  # type: ignore[assignment]
    template = {"metadata": {"labels": labels}, "spec": {"containers": containers, **spec}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "labels": labels},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": template},
    }


@pytest.fixture(scope="module")
def shop(crds: ControlPlane) -> str:
    name = crds.create_namespace("images", injection="disabled")
    items = [
        _deployment("arm", "web:1", **ON_ARM64),
        _deployment("web", "docker.io/library/web:1"),
        _deployment("pdf", "web:1", "pdf:1"),
    ]
    made = {"apiVersion": "v1", "kind": "List", "items": items}
    crds.apply("-n", name, "-f", "-", stdin=json.dumps(made))
    eventually("six Pods run", lambda: _running(crds, name) == 6)
    return name


def _running(cluster: ControlPlane, namespace: str) -> int:
    pods = cluster.kubectl_json("get", "pods", "-n", namespace)["items"]
    statuses = (each["status"].get("containerStatuses") or [{}] for each in pods)
    return sum(all(status.get("ready") for status in each) for each in statuses)


def _images(cluster: ControlPlane, *flags: str) -> CompletedProcess[str]:
    return podtailor("images", *flags, f"--kubeconfig={cluster.kubeconfig}")


def test_what_runs_on_a_node_of_the_platform(crds: ControlPlane, shop: str) -> None:
    done = _images(crds, "-n", shop)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "2 of 3 owners would run on ARM64 (2.0 of 3.0 CPUs); 1 unknown.",
        "IMAGE                    LEVEL    BY          USED BY",
        "pdf:1                    unknown  -           deploy/pdf (2 Pods)",
        "web:1                    runs     Node arm64  2 owners",
        "docker.io/library/web:1  runs     Node arm64  deploy/web (2 Pods)",
    ]
    data = json.loads(_images(crds, "-n", shop, "--arch", "amd64", "-o", "json").stdout)
    assert data["summary"]["wouldRun"] == 3


def test_labels_choose_owners_and_what_runs_elsewhere_counts(crds: ControlPlane, shop: str) -> None:
    done = _images(crds, "-n", shop, "-l", "app=web")
    assert done.stdout.startswith("1 of 1 owner would run on ARM64 (1.0 of 1.0 CPUs).\n")


def test_all_namespaces(crds: ControlPlane, shop: str) -> None:
    data = json.loads(_images(crds, "-A", "-o", "json").stdout)
    assert {each["name"]: each["level"] for each in data["owners"] if each["namespace"] == shop} == {
        "arm": "runs",
        "pdf": "unknown",
        "web": "runs",
    }


def test_a_pipeline_knows_it_from_the_file(crds: ControlPlane, shop: str, tmp_path: Path) -> None:
    cache, manifest = tmp_path / "images.jsonl", tmp_path / "pdf.json"
    assert _images(crds, "-n", shop, "--cache", str(cache)).returncode == 0
    assert {each.source for each in read_cache(str(cache))} == {"Node amd64", "Node arm64"}
    manifest.write_text(json.dumps(_deployment("new", "web:1")))
    flags = ("images", "--ask", "never", "-f", str(manifest), "--cache", str(cache), "--fail-on", "unknown")
    assert podtailor(*flags).returncode == 0
    manifest.write_text(json.dumps(_deployment("new", "web:1", "pdf:1")))
    assert podtailor(*flags).returncode == 1


def test_manifests_by_what_runs_in_the_cluster(crds: ControlPlane, shop: str, tmp_path: Path) -> None:
    assert shop
    (tmp_path / "new.json").write_text(json.dumps(_deployment("new", "web:1")))
    done = _images(crds, "-f", str(tmp_path / "new.json"))
    assert done.stdout.startswith("1 of 1 owner would run on ARM64 (1.0 of 1.0 CPUs).\n")


def test_an_audit_names_pods_that_are_where_their_images_do_not_run(
    crds: ControlPlane, tmp_path: Path
) -> None:
    name = crds.create_namespace("wrong", injection="disabled")
    everywhere = [{"operator": "Exists"}]
    daemons = _deployment("agent", "old:1", tolerations=everywhere)
    del daemons["spec"]["replicas"]
    items = [
        _deployment("lost", "old:1", **ON_ARM64),
        _deployment("right", "old:1", nodeSelector={"kubernetes.io/arch": "amd64"}),
        _deployment("never-seen", "new:1", **ON_ARM64),
        {**daemons, "kind": "DaemonSet"},
    ]
    made = {"apiVersion": "v1", "kind": "List", "items": items}
    crds.apply("-n", name, "-f", "-", stdin=json.dumps(made))
    eventually("nine Pods run", lambda: _running(crds, name) == 9)
    cache = tmp_path / "images.jsonl"
    write_cache(
        str(cache), [read(AMD64, ref="docker.io/library/old:1", digest=f"sha256:{'a' * 64}", seen=FUTURE)]
    )
    flags = ("--arch", "arm64", "--platforms", str(cache), "-o", "json", f"--kubeconfig={crds.kubeconfig}")
    done = podtailor("audit", "-n", name, *flags)
    assert done.returncode == 1
    *records, last = map(json.loads, done.stdout.splitlines())
    wrong = {
        each["name"].partition("-")[0]: item["why"].partition(", and ")[2]
        for each in records
        for item in each["items"]
        if item["finding"] == "wrong-arch"
    }
    assert wrong == {"lost": "the Pod is on Node arm64", "agent": "the Pod is on Node arm64"}
    assert last["summary"]["owners"]["wrong-arch"] == 2
    totals = last["summary"]["platforms"]["summary"]
    assert (totals["owners"], totals["wouldRun"], totals["stopped"]) == (4, 1, 3)


COMPONENT = "manifests/components/images-cronjob"


@pytest.fixture(scope="module")
def job(crds: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A kubeconfig of the CronJob's ServiceAccount."""
    crds.apply("-f", "manifests/base/namespace.yaml")
    crds.apply("-k", COMPONENT)
    yield crds.account("podtailor-images", tmp_path_factory.mktemp("account"))
    crds.kubectl("delete", "-k", COMPONENT)
    crds.kubectl("delete", "namespace", OWN_NAMESPACE)


def test_the_cronjob_writes_what_policies_go_by(crds: ControlPlane, shop: str, job: Path) -> None:
    assert shop
    jobs = crds.kubectl_json("get", "cronjob", "podtailor-images", f"--namespace={OWN_NAMESPACE}")
    arguments = jobs["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]

    def run() -> Mapping[str, ImagePlatforms]:
        done = podtailor(*arguments, f"--kubeconfig={job}")
        assert (done.returncode, done.stderr) == (0, "")
        written = crds.kubectl_json("get", "configmap", CONFIG_MAP, f"--namespace={OWN_NAMESPACE}")
        return known_images("\n".join(written["data"].values()), time.time())

    known = run()
    assert known["web:1"].level(ARM64) is Level.RUNS
    assert known["pdf:1"].level(ARM64) is Level.UNKNOWN
    assert known["pdf:1"].runs == {AMD64}
    assert {*run()} == {*known}
    asked = crds.asked_by(f"system:serviceaccount:{OWN_NAMESPACE}:podtailor-images")
    assert {code for _, _, code in asked} <= {200, 201}, asked
    allowed = {
        (verb, resource)
        for document in (Path(COMPONENT) / "rbac.yaml").read_text().split("---\n")
        for rule in yaml(document).get("rules", ())
        for verb in rule["verbs"]
        for resource in rule["resources"]
    }
    # The first apply is a create to RBAC, and a patch in the log.
    missing = allowed - {(verb, resource) for verb, resource, _ in asked}
    assert missing == {("create", "configmaps")}


def test_what_somebody_else_writes_there_stays(crds: ControlPlane, job: Path) -> None:
    crds.kubectl("delete", "configmap", CONFIG_MAP, f"--namespace={OWN_NAMESPACE}", "--ignore-not-found")
    crds.kubectl(
        "create", "configmap", CONFIG_MAP, f"--namespace={OWN_NAMESPACE}", "--from-literal=images.jsonl="
    )
    done = podtailor("images", "--write-snapshot", f"--kubeconfig={job}")
    assert done.returncode == 2
    assert "kubectl-create" in done.stderr
