"""Reports of openreports.io, written as the CronJob writes them, under its own roles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import definitions
from tests.e2e.audits import audit, make
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.kubelet import Kubelet
from tests.e2e.workloads import controller
from tests.support.pods import yaml

COMPONENT = "manifests/components/audit-cronjob"
ACCOUNT = "system:serviceaccount:podtailor-system:podtailor-audit"


@pytest.fixture(scope="module")
def installed(cluster: ControlPlane, kubelet: Kubelet) -> Iterator[ControlPlane]:
    kubelet.apply("manifests/overlays/cluster-wide")
    definitions.install(cluster, *definitions.OPENREPORTS)
    cluster.kubectl("apply", "-k", COMPONENT)
    yield cluster
    cluster.kubectl("delete", "-k", COMPONENT)


@pytest.fixture(scope="module")
def as_account(installed: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kubeconfig of the CronJob's ServiceAccount."""
    return installed.account("podtailor-audit", tmp_path_factory.mktemp("account"))


def _publish(cluster: ControlPlane, kubeconfig: Path) -> None:
    """The command of the CronJob's container."""
    jobs = cluster.kubectl_json("get", "cronjob", "podtailor-audit", "--namespace=podtailor-system")
    verb, *arguments = jobs["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"][0]["args"]
    assert verb == "audit"
    done = audit(kubeconfig, *arguments)
    assert (done.returncode, done.stderr) == (0, "")


def test_each_namespace_has_its_own_and_stale_ones_go(installed: ControlPlane, as_account: Path) -> None:
    here = installed.create_namespace("reported")
    gone = installed.create_namespace("emptied")
    for namespace in (here, gone):
        make(installed, namespace, controller("CronJob", "nightly", 1))
    _publish(installed, as_account)
    reports = installed.kubectl_json("get", "reports.openreports.io", "--all-namespaces")["items"]
    by_namespace = {report["metadata"]["namespace"]: report for report in reports}
    assert {here, gone} <= set(by_namespace)
    report = by_namespace[here]
    (owner,) = report["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["name"]) == ("Namespace", "podtailor-system")
    assert report["summary"] == {"pass": 1, "fail": 0, "warn": 0, "error": 0, "skip": 0}
    (result,) = report["results"]
    assert (result["result"], result["policy"], result["resources"][0]["name"]) == (
        "pass",
        "general",
        "nightly",
    )
    installed.kubectl("delete", "cronjob", "nightly", f"--namespace={gone}")
    _publish(installed, as_account)
    left = installed.kubectl_json("get", "reports.openreports.io", f"--namespace={gone}")["items"]
    assert left == []


def test_is_no_larger_than_it_may_be(installed: ControlPlane, as_account: Path) -> None:
    many = installed.create_namespace("many")
    make(installed, many, *(controller("CronJob", f"{'n' * 40}-{number}", 1) for number in range(230)))
    _publish(installed, as_account)
    report = installed.kubectl_json(
        "get", "reports.openreports.io", "podtailor", f"--namespace={many}", "--show-managed-fields"
    )
    assert len(report["results"]) == 200
    assert report["results"][-1]["message"] == "31 more owners: 31 pass; podtailor audit lists them"
    assert report["summary"]["pass"] == 230
    assert len(json.dumps(report)) < 256 * 1024


def test_roles_allow_what_is_asked_and_nothing_else(installed: ControlPlane, as_account: Path) -> None:
    _publish(installed, as_account)
    asked = installed.asked_by(ACCOUNT)
    assert {code for _, _, code in asked} <= {200, 201, 404}, asked
    allowed = set()
    for document in (Path(COMPONENT) / "rbac.yaml").read_text().split("---\n"):
        for rule in yaml(document).get("rules", ()):
            allowed |= {(verb, resource) for verb in rule["verbs"] for resource in rule["resources"]}
    # The first apply of a Report is a create to RBAC, and a patch in the log. No metrics API is served here.
    unused = allowed - {(verb, resource) for verb, resource, _ in asked}
    assert unused == {("create", "reports")}
