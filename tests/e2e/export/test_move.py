"""As a new user would: export alone, then the webhook beside it, then the export removed. No Pod is missed."""

from __future__ import annotations

import pytest

from tests.e2e.audits import audit
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.export.admission import Admission
from tests.e2e.export.clients import Clients, is_tailored
from tests.e2e.kubelet import Kubelet
from tests.support.commands import podtailor
from tests.support.pods import pod
from tests.support.processes import eventually
from webhook.model.names import APPLIED

# The webhook is registered before the API server trusts it; meanwhile what is exported tailors all the same.
pytestmark = pytest.mark.lets_pods_through
_PODS_BETWEEN = 60
_KINDS = "mutatingadmissionpolicybindings,mutatingadmissionpolicies"


def _tailors(cluster: ControlPlane, namespace: str) -> str:
    """What an audit says of new Pods."""
    done = audit(cluster.kubeconfig, "-n", namespace, "--fail-on=none")
    found = [line.strip() for line in done.stdout.splitlines() if "New Pods are tailored" in line]
    return found[0] if found else ""


@pytest.mark.soak
@pytest.mark.usefixtures("crds")
def test_no_pod_is_missed_on_the_way(
    cluster: ControlPlane, admission: Admission, kubelet: Kubelet, capsys: pytest.CaptureFixture[str]
) -> None:
    there = cluster.create_namespace("moved")
    exported = podtailor("export")
    assert exported.returncode == 0, exported.stderr
    assert "mutatingwebhookconfiguration" not in cluster.kubectl(
        "get", "mutatingwebhookconfigurations", "--output=name"
    ), "no webhook anywhere"
    try:
        cluster.kubectl("apply", "--server-side", "--warnings-as-errors", "-f", "-", stdin=exported.stdout)
        eventually("the export is in force", lambda: is_tailored(admission.create(there, pod()).body))
        cluster.kubectl("create", "deployment", "web", f"--namespace={there}", "--image=example.com/web:1")
        eventually("it has a Pod", lambda: cluster.pods(there))
        assert is_tailored(cluster.pods(there)[0])
        assert "by exported policy" in _tailors(cluster, there)
        with Clients(admission, there, 2) as clients:
            _wait_for(clients)
            kubelet.apply("manifests/overlays/cluster-wide")
            eventually("an audit knows both", lambda: "by both" in _tailors(cluster, there))
            _wait_for(clients)
            cluster.kubectl("delete", _KINDS, "podtailor")
            eventually("the webhook tailors alone", lambda: _says_so(admission, there))
            _wait_for(clients)
            assert "by exported" not in _tailors(cluster, there)
    finally:
        cluster.kubectl("delete", _KINDS, "podtailor", "--ignore-not-found")
    with capsys.disabled():
        print(f"\nfrom an export to the webhook: {dict(clients.seen)}")
    assert clients.seen.keys() == {"tailored"}


def _wait_for(clients: Clients) -> None:
    before = clients.tailored
    eventually("Pods come", lambda: clients.tailored >= before + _PODS_BETWEEN)


def _says_so(admission: Admission, namespace: str) -> bool:
    """The webhook notes what it has added; exported policies do not."""
    return APPLIED in admission.create(namespace, pod()).body["metadata"].get("annotations", {})


def test_export_is_what_is_kept_in_git() -> None:
    """The same bytes each time, whoever runs it."""
    one, other = podtailor("export", "--builtin=strict"), podtailor("export", "--builtin=strict")
    assert one.stdout == other.stdout
    assert one.stdout.startswith("# Made by podtailor export")
