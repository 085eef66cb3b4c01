"""Certificates that look after themselves: two replicas, one Secret, and everything that is taken away from them."""

from __future__ import annotations

import base64
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from kubernetes.client import ApiClient

from certs.keyring import Lifetimes, from_secret
from tests.e2e.controlplane.cluster import ControlPlane
from tests.support.pods import yaml
from webhook.certificates.rotator import CertRotator, RotationTarget
from webhook.cluster.client import api_client
from webhook.errors import RotationError

NOW = datetime.now(UTC)
HOSTS = ["localhost"]


class Endpoint:
    """What stands behind the Service: whichever certificate the replica `serving` has."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"localhost:{self._listening.getsockname()[1]}"
        self.serving: CertRotator | None = None
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            # A replica that has no certificate yet refuses, and so does one whose files change this moment.
            with closing(connection), suppress(OSError):
                if self.serving is None:
                    continue
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.serving.certificate, self.serving.key)
                with context.wrap_socket(connection, server_side=True):
                    pass


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    yield made
    made.close()


@pytest.fixture
def api(cluster: ControlPlane) -> Iterator[ApiClient]:
    """In a namespace with a webhook configuration, both as new."""
    namespace = yaml(Path("manifests/base/namespace.yaml").read_text())
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(namespace))
    cluster.kubectl("delete", "secret", "tls", "--namespace=podtailor-system", "--ignore-not-found")
    with _configured(cluster), api_client(str(cluster.kubeconfig)) as client:
        yield client


@contextmanager
def _configured(cluster: ControlPlane) -> Iterator[None]:
    configuration = yaml(Path("manifests/base/mutatingwebhookconfiguration.yaml").read_text())
    # For no namespace that there is: this is about the configuration alone.
    configuration["webhooks"][0]["namespaceSelector"] = {"matchLabels": {"nobody": "here"}}
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(configuration))
    yield
    cluster.kubectl("delete", "mutatingwebhookconfiguration", "podtailor", "--ignore-not-found")


@pytest.fixture
def replicas(api: ApiClient, endpoint: Endpoint, tmp_path: Path) -> tuple[CertRotator, CertRotator]:
    target = RotationTarget("podtailor-system", "tls", "podtailor", HOSTS, endpoint.address)
    first, second = (CertRotator(api, target, tmp_path / name) for name in ("first", "second"))
    endpoint.serving = first
    return first, second


def _bundle(cluster: ControlPlane) -> bytes:
    configuration = cluster.kubectl_json("get", "mutatingwebhookconfiguration", "podtailor")
    return base64.b64decode(configuration["webhooks"][0]["clientConfig"].get("caBundle", ""))


def _is_trusted(cluster: ControlPlane, rotator: CertRotator) -> bool:
    """Whether an API server that goes by the caBundle would take what this replica serves."""
    trust = ssl.create_default_context(cadata=_bundle(cluster).decode())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(rotator.certificate, rotator.key)
    here, there = (ssl.MemoryBIO() for _ in range(2))
    one = trust.wrap_bio(here, there, server_hostname="localhost")
    other = server.wrap_bio(there, here, server_side=True)
    for _ in range(3):
        for side in (one, other):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return one.cipher() is not None


def test_replicas_agree_and_are_trusted(
    cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator]
) -> None:
    for rotator in replicas:
        rotator.reconcile(NOW)
    assert _is_trusted(cluster, replicas[0])
    assert _is_trusted(cluster, replicas[1])
    assert replicas[0].certificate.read_bytes() == replicas[1].certificate.read_bytes()


def test_of_two_at_once_one_writes(cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator]) -> None:
    with ThreadPoolExecutor() as pool:
        list(pool.map(lambda rotator: rotator.sync_secret(NOW), replicas))
        list(pool.map(lambda rotator: rotator.reconcile(NOW), replicas))
    assert replicas[0].certificate.read_bytes() == replicas[1].certificate.read_bytes()
    assert _is_trusted(cluster, replicas[0])


@pytest.mark.parametrize(
    "harm",
    [
        pytest.param(["delete", "secret", "tls"], id="deleted"),
        pytest.param(["patch", "secret", "tls", "--type=merge", '--patch={"data":{"ca.key":"bm9uc2Vuc2U="}}'], id="damaged"),
        pytest.param(["patch", "secret", "tls", "--type=json", '--patch=[{"op":"remove","path":"/data/ca.crt"}]'], id="emptied"),
    ],
)  # fmt: skip
def test_secret_that_is_harmed_is_written_again_and_nobody_loses_trust(
    cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator], harm: list[str]
) -> None:
    for rotator in replicas:
        rotator.reconcile(NOW)
    before = _bundle(cluster)
    cluster.kubectl(*harm, "--namespace=podtailor-system")
    for rotator in replicas:
        rotator.reconcile(NOW)
        assert _is_trusted(cluster, replicas[0])
        assert _is_trusted(cluster, replicas[1])
    assert _bundle(cluster) == before
    data = cluster.kubectl_json("get", "secret", "tls", "--namespace=podtailor-system")["data"]
    assert from_secret({name: base64.b64decode(value) for name, value in data.items()})


def test_bundle_that_is_taken_away_is_written_again(
    cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator]
) -> None:
    replicas[0].reconcile(NOW)
    patch = '[{"op":"replace","path":"/webhooks/0/clientConfig/caBundle","value":""}]'
    cluster.kubectl("patch", "mutatingwebhookconfiguration", "podtailor", "--type=json", f"--patch={patch}")
    assert _bundle(cluster) == b""
    replicas[1].reconcile(NOW)
    assert _is_trusted(cluster, replicas[1])


def test_nothing_is_told_before_the_service_answers_with_ours(
    cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator], endpoint: Endpoint
) -> None:
    endpoint.serving = None
    with pytest.raises(RotationError, match="caBundle"):
        replicas[0].reconcile(NOW)
    assert _bundle(cluster) == b""


def test_configuration_that_is_deleted_is_not_made_again(
    cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator]
) -> None:
    cluster.kubectl("delete", "mutatingwebhookconfiguration", "podtailor")
    replicas[0].reconcile(NOW)
    assert "podtailor" not in cluster.kubectl("get", "mutatingwebhookconfigurations")


def test_new_authority_joins_the_bundle_and_nobody_loses_trust(
    cluster: ControlPlane, api: ApiClient, endpoint: Endpoint, tmp_path: Path
) -> None:
    target = RotationTarget("podtailor-system", "tls", "podtailor", HOSTS, endpoint.address)
    lifetimes = Lifetimes(authority=timedelta(days=90), serving=timedelta(days=80))
    first, second = (CertRotator(api, target, tmp_path / name, lifetimes) for name in ("first", "second"))
    endpoint.serving = first
    for rotator in (first, second):
        rotator.reconcile(NOW - timedelta(days=65))
    for rotator in (first, second):
        rotator.reconcile(NOW)
        assert _is_trusted(cluster, first)
        assert _is_trusted(cluster, second)
    assert _bundle(cluster).count(b"BEGIN CERTIFICATE") == 2


# No Pod is there to be refused, whatever the tests do with it.
LOCKS_OUT = json.dumps([
    {"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"},
    {"op": "replace", "path": "/webhooks/0/namespaceSelector", "value": {}},
    {"op": "replace", "path": "/webhooks/0/objectSelector", "value": {"matchLabels": {"nobody": "here"}}},
])  # fmt: skip


def test_configuration_that_could_lock_everybody_out_is_not_trusted(
    cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator]
) -> None:
    cluster.kubectl(
        "patch", "mutatingwebhookconfiguration", "podtailor", "--type=json", f"--patch={LOCKS_OUT}"
    )
    with pytest.raises(RotationError, match="failurePolicy is Fail and podtailor-system is selected"):
        replicas[0].reconcile(NOW)
    assert _bundle(cluster) == b""
    assert not replicas[0].is_trusted()


def test_configuration_that_pods_rely_on_already_is_looked_after_all_the_same(
    cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator]
) -> None:
    """Else it would lock out on the day on which its CA ends."""
    replicas[0].reconcile(NOW)
    trusted = _bundle(cluster)
    cluster.kubectl(
        "patch", "mutatingwebhookconfiguration", "podtailor", "--type=json", f"--patch={LOCKS_OUT}"
    )
    later = NOW + timedelta(days=300)
    replicas[1].reconcile(later)
    assert _bundle(cluster).startswith(trusted)
    assert _bundle(cluster).count(b"BEGIN CERTIFICATE") == 2
    assert replicas[1].is_trusted()
