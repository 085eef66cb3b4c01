"""`certs show`, `check` and `rotate` in a cluster, through the API server and forwarded ports."""

from __future__ import annotations

import json
from collections.abc import Iterator
from subprocess import CompletedProcess

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.kubelet import Kubelet
from tests.support.commands import podtailor
from tests.support.pods import Json
from tests.support.processes import eventually

SECRET = ("secret", "podtailor-webhook-tls", "--namespace=podtailor-system")


@pytest.fixture(scope="module")
def installed(cluster: ControlPlane, kubelet: Kubelet) -> ControlPlane:
    """A cluster whose certificates are reconciled every four seconds, and whose new CA signs after fifteen."""
    kubelet.apply("manifests/overlays/cluster-wide")
    overlap = [{"op": "add", "path": "/spec/template/spec/containers/0/args/-", "value": "--ca-overlap=15s"}]
    cluster.kubectl(
        "patch",
        "deployment",
        "podtailor",
        "--namespace=podtailor-system",
        "--type=json",
        f"--patch={json.dumps(overlap)}",
    )
    kubelet.follow()
    cluster.kubectl("rollout", "status", "deployment/podtailor", "--namespace=podtailor-system")
    return cluster


@pytest.fixture
def healthy(installed: ControlPlane) -> Iterator[ControlPlane]:
    """`certs check` finds no problem before and after the test."""
    eventually("no problem", lambda: _certs(installed, "check").returncode == 0)
    yield installed
    eventually("no problem again", lambda: _certs(installed, "check").returncode == 0)


def _certs(cluster: ControlPlane, *words: str) -> CompletedProcess[str]:
    return podtailor("certs", *words, f"--kubeconfig={cluster.kubeconfig}")


def _certificates(cluster: ControlPlane) -> list[Json]:
    certificates: list[Json] = json.loads(_certs(cluster, "show", "--output=json").stdout)
    return certificates


def _problems(cluster: ControlPlane) -> dict[str, str]:
    done = _certs(cluster, "check", "--output=json")
    results = {each["what"].split("-webhook-tls")[0]: each["problem"] for each in json.loads(done.stdout)}
    problems = {what: problem for what, problem in results.items() if problem}
    assert done.returncode == (1 if problems else 0), done.stderr
    return problems


def test_check_probes_every_replica(healthy: ControlPlane) -> None:
    done = _certs(healthy, "check")
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["RESULT", "WHAT"],
        ["ok", "caBundle"],
        ["ok", "Secret"],
        ["ok", "Pod"],
        ["ok", "Pod"],
    ]


def test_rotated_certificate_is_served_and_trusted(healthy: ControlPlane) -> None:
    before = _certificates(healthy)
    assert [each["file"].rpartition(": ")[2] for each in before] == ["ca.crt", "tls.crt", "caBundle"]
    done = _certs(healthy, "rotate")
    assert "new certificate, valid until" in done.stdout, done.stderr
    after = _certificates(healthy)
    assert after[0]["sha256"] == before[0]["sha256"]
    assert after[1]["sha256"] != before[1]["sha256"]


@pytest.mark.soak
def test_ca_is_replaced(healthy: ControlPlane) -> None:
    """As after a leak of its key: the new CA is trusted before it signs, and signs before the old one goes."""
    (old,) = [each for each in _certificates(healthy) if each["file"] == "caBundle"]
    done = _certs(healthy, "rotate", "--ca")
    assert "added a CA beside 1 CA" in done.stdout, done.stderr
    refused = _certs(healthy, "rotate", "--retire")
    assert refused.returncode == 2
    assert "the new CA has not signed yet" in refused.stderr
    eventually("the new CA has signed", lambda: _certs(healthy, "rotate", "--retire").returncode == 0)
    eventually("the old CA is gone", lambda: len(_certificates(healthy)) == 3)
    (new,) = [each for each in _certificates(healthy) if each["file"] == "caBundle"]
    assert new["sha256"] != old["sha256"]


def test_deleted_configuration_is_reported_and_not_recreated(healthy: ControlPlane, kubelet: Kubelet) -> None:
    replica = kubelet.replica
    assert replica
    configuration = healthy.kubectl_json("get", "mutatingwebhookconfiguration", "podtailor")
    eventually("the caBundle is current", lambda: replica.metric("podtailor_ca_bundle_current") == 1)
    healthy.kubectl("delete", "mutatingwebhookconfiguration", "podtailor")
    assert _problems(healthy) == {
        "MutatingWebhookConfiguration podtailor": "it is missing, so the API server does not call podtailor: `kubectl apply -k manifests/overlays/audit` installs it without changing Pods"
    }
    replica.wait_for_log("webhook configuration not found: the API server does not call podtailor")
    assert replica.metric("podtailor_ca_bundle_current") == 0
    for field in ("uid", "resourceVersion", "managedFields"):
        configuration["metadata"].pop(field, None)
    configuration["webhooks"][0]["clientConfig"].pop("caBundle")
    healthy.kubectl("create", "-f", "-", stdin=json.dumps(configuration))
