"""The API server is killed and started again under load: every Pod that it then takes is tailored.

On a control plane of its own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.export.admission import Admission
from tests.e2e.export.clients import Clients
from tests.e2e.export.in_force import InForce, objects_of
from tests.support.processes import eventually
from webhook.policies.shipped import Profile, built_in

pytestmark = pytest.mark.soak
_CLIENTS = 8
_PODS_BETWEEN = 200


@pytest.fixture(scope="module")
def own(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:  # noqa: ARG001 (the binaries are built)
    with ControlPlane(tmp_path_factory.mktemp("own"), kwok=False) as made:
        yield made


def test_no_pod_is_missed_while_the_api_server_starts_again(
    own: ControlPlane, capsys: pytest.CaptureFixture[str]
) -> None:
    admission = Admission(own)
    made = InForce(own, admission)
    made.put({"strict": objects_of(built_in(Profile.STRICT), "strict")})
    made.namespace("export-strict", "strict")
    with Clients(admission, "export-strict", _CLIENTS) as clients:
        for _ in range(2):
            _wait_for(clients)
            own.kill("kube-apiserver")
            own.start_again("kube-apiserver")
            eventually("the API server is ready", lambda: own.get("/readyz") == "ok")
        _wait_for(clients)
    admission.close()
    with capsys.disabled():
        print(f"\ntwo restarts of the API server: {dict(clients.seen)}")
    assert clients.seen["not answered"] > 0, "it was away"
    assert clients.seen.keys() == {"tailored", "not answered"}


def _wait_for(clients: Clients) -> None:
    before = clients.tailored
    eventually("Pods come", lambda: clients.tailored >= before + _PODS_BETWEEN)
