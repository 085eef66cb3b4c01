"""What is deleted or damaged comes back, each within a stated time, while Pods go on being created."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from certs.keyring import Lifetimes, rotated
from tests.e2e.balancer import Balancer
from tests.e2e.client import Client
from tests.e2e.controlplane.cluster import ControlPlane
from tests.e2e.replicas import Replicas
from tests.e2e.traffic import POD, Traffic, is_marked
from tests.support.processes import eventually
from webhook.certificates.secret import SharedSecret
from webhook.cluster.client import api_client

pytestmark = pytest.mark.soak

# Between two looks at Secret and caBundle, and what writing them takes.
MAX_SECONDS = 32
AWAY_SECONDS = 20
SECRET = ("secret", "podtailor-webhook-tls", "--namespace=podtailor-system")


@pytest.fixture(scope="module")
def own(cluster: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:  # noqa: ARG001 (the binaries are built)
    with ControlPlane(tmp_path_factory.mktemp("own")) as made:
        yield made


@pytest.fixture(scope="module")
def replicas(own: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replicas]:
    with Balancer() as balancer:
        made = Replicas(own, balancer, tmp_path_factory.mktemp("replicas"))
        try:
            for _ in range(2):
                made.start()
            with Client(own.kubeconfig) as client:
                eventually("it is called", lambda: is_marked(client.create("default", POD, dry_run=True)))
            yield made
        finally:
            made.stop()


def _told(capsys: pytest.CaptureFixture[str], what: str, seconds: float) -> None:
    with capsys.disabled():
        print(f"\n{what}: well again after {seconds:.1f} s")


def _took(is_well: Callable[[], bool]) -> float:
    started = time.monotonic()
    eventually("all is well again", is_well, seconds=MAX_SECONDS)
    return time.monotonic() - started


def _bundle(own: ControlPlane) -> str:
    hooks = own.kubectl_json("get", "mutatingwebhookconfiguration", "podtailor")["webhooks"]
    return str(hooks[0]["clientConfig"].get("caBundle", ""))


@pytest.mark.usefixtures("replicas")
def test_secret_is_deleted(own: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    held = own.kubectl_json("get", *SECRET)["data"]
    with Client(own.kubeconfig) as client, Traffic(client, own.create_namespace("no-secret")) as traffic:
        own.kubectl("delete", *SECRET)
        seconds = _took(lambda: "podtailor" in own.kubectl("get", *SECRET, "--ignore-not-found"))
    assert own.kubectl_json("get", *SECRET)["data"]["tls.crt"] == held["tls.crt"], (
        "as the replicas remember it"
    )
    assert set(traffic.seen) == {"tailored"}
    _told(capsys, "Secret deleted", seconds)


@pytest.mark.usefixtures("replicas")
def test_bundle_is_wiped(own: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody is refused meanwhile; the API server counts who was missed."""
    with Client(own.kubeconfig) as client, Traffic(client, own.create_namespace("no-bundle")) as traffic:
        wipe = [{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle", "value": ""}]
        own.kubectl(
            "patch", "mutatingwebhookconfiguration", "podtailor", "--type=json", f"--patch={json.dumps(wipe)}"
        )
        seconds = _took(lambda: bool(_bundle(own)))
        missed = traffic.seen["missed"]
        eventually("Pods are tailored", lambda: is_marked(client.create("default", POD, dry_run=True)))
    assert set(traffic.seen) <= {"tailored", "missed"}
    _told(capsys, f"caBundle wiped ({missed} Pods missed, none refused)", seconds)


@pytest.mark.usefixtures("replicas")
def test_certificate_near_its_end(own: ControlPlane, capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody has put in one that ends within a day: it is renewed, and no Pod is missed."""
    short = Lifetimes(serving=timedelta(days=1))
    earlier = datetime.now(UTC) - timedelta(hours=20)
    with api_client(str(own.kubeconfig)) as api:
        shared = SharedSecret(api, "podtailor-system", "podtailor-webhook-tls")
        shared.update(lambda stored: rotated(stored, earlier, short) if stored else pytest.fail("no Secret"))
    near = own.kubectl_json("get", *SECRET)["data"]["tls.crt"]
    with Client(own.kubeconfig) as client, Traffic(client, own.create_namespace("near-its-end")) as traffic:
        seconds = _took(lambda: own.kubectl_json("get", *SECRET)["data"]["tls.crt"] != near)
    assert set(traffic.seen) == {"tailored"}
    _told(capsys, "certificate within four hours of its end", seconds)


def test_etcd_stands_still(own: ControlPlane, replicas: Replicas, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing can be created then. Whatever comes afterwards is tailored, by policies that go on changing."""
    with Client(own.kubeconfig) as client:
        own.signal("etcd", signal.SIGSTOP)
        threading.Event().wait(AWAY_SECONDS)
        own.signal("etcd", signal.SIGCONT)
        started = time.monotonic()
        eventually("the API server is ready", lambda: own.get("/readyz") == "ok")
        place = own.create_namespace("after-etcd")
        before = own.metric("apiserver_admission_webhook_fail_open_count")
        with Traffic(client, place) as traffic:
            eventually("Pods come", lambda: sum(traffic.seen.values()) > 100)
        assert own.metric("apiserver_admission_webhook_fail_open_count") == before
    assert set(traffic.seen) == {"tailored"}
    assert all(replica.health("/readyz")[0] == 200 for replica in replicas.running)
    _told(capsys, f"etcd stopped for {AWAY_SECONDS} s", time.monotonic() - started)


def test_api_server_starts_again(
    own: ControlPlane, replicas: Replicas, capsys: pytest.CaptureFixture[str]
) -> None:
    own.kill("kube-apiserver")
    started = time.monotonic()
    own.start_again("kube-apiserver")
    eventually("the API server is ready", lambda: own.get("/readyz") == "ok")
    with Client(own.kubeconfig) as client:
        eventually("the first Pod", lambda: is_marked(client.create("default", POD, dry_run=True)))
        with Traffic(client, own.create_namespace("after-restart")) as traffic:
            eventually("Pods come", lambda: sum(traffic.seen.values()) > 100)
    assert set(traffic.seen) == {"tailored"}
    assert all(replica.process.running for replica in replicas.running)
    _told(capsys, "API server killed and started again", time.monotonic() - started)


def test_configuration_is_deleted(own: ControlPlane, replicas: Replicas) -> None:
    """Told, in the log, by a metric and by `certs check`; not made again: whoever deletes it means it."""
    own.kubectl("delete", "mutatingwebhookconfiguration", "podtailor")
    for replica in replicas.running:
        replica.wait_for_log(
            "webhook configuration not found: the API server does not call podtailor", seconds=MAX_SECONDS
        )
        assert replica.metric("podtailor_ca_bundle_current") == 0
    assert "podtailor" not in own.kubectl("get", "mutatingwebhookconfigurations", "--output=name")
