"""`certs show`, `check` and `rotate` against what is installed, through the API server and a forwarded port."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.kubelet import Kubelet
from tests.support.pods import Json
from tests.support.processes import eventually

SECRET = ("secret", "podtailor-webhook-tls", "--namespace=podtailor-system")


@pytest.fixture(scope="module")
def installed(cluster: ControlPlane, kubelet: Kubelet) -> ControlPlane:
    """Whose certificates are looked at every four seconds, and whose new CA signs after fifteen."""
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
def whole(installed: ControlPlane) -> Iterator[ControlPlane]:
    """All is well before, and after."""
    eventually("all is well", lambda: _certs(installed, "check").returncode == 0)
    yield installed
    eventually("all is well again", lambda: _certs(installed, "check").returncode == 0)


def _certs(cluster: ControlPlane, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "webhook", "certs", *words, f"--kubeconfig={cluster.kubeconfig}"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def _shown(cluster: ControlPlane) -> list[Json]:
    shown: list[Json] = json.loads(_certs(cluster, "show", "--output=json").stdout)
    return shown


def _problems(cluster: ControlPlane) -> dict[str, str]:
    done = _certs(cluster, "check", "--output=json")
    found = {each["what"].split("-webhook-tls")[0]: each["problem"] for each in json.loads(done.stdout)}
    problems = {what: problem for what, problem in found.items() if problem}
    assert done.returncode == (1 if problems else 0), done.stderr
    return problems


def test_check_asks_every_replica(whole: ControlPlane) -> None:
    done = _certs(whole, "check")
    lines = done.stdout.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["ok", "caBundle"],
        ["ok", "Secret"],
        ["ok", "Pod"],
        ["ok", "Pod"],
    ]


def test_rotated_certificate_is_served_and_trusted(whole: ControlPlane) -> None:
    before = _shown(whole)
    assert [each["file"].rpartition(": ")[2] for each in before] == ["ca.crt", "tls.crt", "caBundle"]
    done = _certs(whole, "rotate")
    assert "new certificate until" in done.stdout, done.stderr
    after = _shown(whole)
    assert after[0]["sha256"] == before[0]["sha256"]
    assert after[1]["sha256"] != before[1]["sha256"]


def test_ca_is_replaced(whole: ControlPlane) -> None:
    """As after its key has leaked: the new one is trusted before it signs, and signs before the old one goes."""
    (old,) = [each for each in _shown(whole) if each["file"] == "caBundle"]
    done = _certs(whole, "rotate", "--ca")
    assert "a new CA, beside 1 CA" in done.stdout, done.stderr
    refused = _certs(whole, "rotate", "--retire")
    assert refused.returncode == 2
    assert "the new CA has not signed yet" in refused.stderr
    eventually("the new one has signed", lambda: _certs(whole, "rotate", "--retire").returncode == 0)
    eventually("it is alone", lambda: len(_shown(whole)) == 3)
    (new,) = [each for each in _shown(whole) if each["file"] == "caBundle"]
    assert new["sha256"] != old["sha256"]


def test_configuration_that_is_gone_is_told_and_not_made_anew(whole: ControlPlane, kubelet: Kubelet) -> None:
    replica = kubelet.replica
    assert replica
    configuration = whole.kubectl_json("get", "mutatingwebhookconfiguration", "podtailor")
    eventually("it says so", lambda: replica.metric("podtailor_ca_bundle_current") == 1)
    whole.kubectl("delete", "mutatingwebhookconfiguration", "podtailor")
    assert _problems(whole) == {
        "MutatingWebhookConfiguration podtailor": "there is none, so nothing calls podtailor: apply the manifests"
    }
    replica.said("no webhook configuration, so nothing calls podtailor")
    assert replica.metric("podtailor_ca_bundle_current") == 0
    for field in ("uid", "resourceVersion", "managedFields"):
        configuration["metadata"].pop(field, None)
    configuration["webhooks"][0]["clientConfig"].pop("caBundle")
    whole.kubectl("create", "-f", "-", stdin=json.dumps(configuration))
