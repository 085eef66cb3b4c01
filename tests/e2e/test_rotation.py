"""Two replicas share one Secret and one caBundle, and restore what is deleted or damaged."""

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
    """Stands for the Service: serves the certificate of the replica `serving`."""

    def __init__(self) -> None:
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = "localhost", self._listening.getsockname()[1]
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
            # Handshakes fail without a certificate, and while its files change.
            with closing(connection), suppress(OSError):
                if self.serving is None:
                    continue
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                context.load_cert_chain(self.serving.certificate, self.serving.key)
                with context.wrap_socket(connection, server_side=True):
                    pass


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    endpoint = Endpoint()
    yield endpoint
    endpoint.close()


@pytest.fixture
def api(cluster: ControlPlane) -> Iterator[ApiClient]:
    """With a new namespace and a new webhook configuration."""
    namespace = yaml(Path("manifests/base/namespace.yaml").read_text())
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(namespace))
    cluster.kubectl("delete", "secret", "tls", "--namespace=podtailor-system", "--ignore-not-found")
    with _configured(cluster), api_client(str(cluster.kubeconfig)) as client:
        yield client


@contextmanager
def _configured(cluster: ControlPlane) -> Iterator[None]:
    configuration = yaml(Path("manifests/base/mutatingwebhookconfiguration.yaml").read_text())
    # Selects no namespace: no review is sent.
    configuration["webhooks"][0]["namespaceSelector"] = {"matchLabels": {"no": "namespace"}}
    cluster.kubectl("apply", "-f", "-", stdin=json.dumps(configuration))
    yield
    cluster.kubectl("delete", "mutatingwebhookconfiguration", "podtailor", "--ignore-not-found")


@pytest.fixture
def replicas(api: ApiClient, endpoint: Endpoint, tmp_path: Path) -> tuple[CertRotator, CertRotator]:
    target = _target(endpoint)
    first, second = (CertRotator(api, target, tmp_path / name) for name in ("first", "second"))
    endpoint.serving = first
    return first, second


def _target(endpoint: Endpoint) -> RotationTarget:
    return RotationTarget(
        namespace="podtailor-system",
        secret="tls",  # noqa: S106 (its name)
        configuration="podtailor",
        hosts=HOSTS,
        address=endpoint.address,
    )


def _bundle(cluster: ControlPlane) -> bytes:
    configuration = cluster.kubectl_json("get", "mutatingwebhookconfiguration", "podtailor")
    return base64.b64decode(configuration["webhooks"][0]["clientConfig"].get("caBundle", ""))


def _is_trusted(cluster: ControlPlane, rotator: CertRotator) -> bool:
    """Whether a client that trusts the caBundle accepts the certificate of this replica."""
    trust = ssl.create_default_context(cadata=_bundle(cluster).decode())
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(rotator.certificate, rotator.key)
    to_client, to_server = (ssl.MemoryBIO() for _ in range(2))
    client = trust.wrap_bio(to_client, to_server, server_hostname="localhost")
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    for _ in range(3):
        for side in (client, serving):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLCertVerificationError:
                return False
    return client.cipher() is not None


def test_replicas_agree_and_are_trusted(
    cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator]
) -> None:
    for rotator in replicas:
        rotator.reconcile(NOW)
    assert _is_trusted(cluster, replicas[0])
    assert _is_trusted(cluster, replicas[1])
    assert replicas[0].certificate.read_bytes() == replicas[1].certificate.read_bytes()


def test_two_replicas_at_once_agree(cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator]) -> None:
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
def test_deleted_or_damaged_secret_is_restored_and_trust_is_kept(
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


def test_removed_bundle_is_restored(cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator]) -> None:
    replicas[0].reconcile(NOW)
    patch = '[{"op":"replace","path":"/webhooks/0/clientConfig/caBundle","value":""}]'
    cluster.kubectl("patch", "mutatingwebhookconfiguration", "podtailor", "--type=json", f"--patch={patch}")
    assert _bundle(cluster) == b""
    replicas[1].reconcile(NOW)
    assert _is_trusted(cluster, replicas[1])


def test_bundle_is_withheld_until_the_service_serves_our_certificate(
    cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator], endpoint: Endpoint
) -> None:
    endpoint.serving = None
    with pytest.raises(RotationError, match="caBundle"):
        replicas[0].reconcile(NOW)
    assert _bundle(cluster) == b""


def test_deleted_configuration_is_not_recreated(
    cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator]
) -> None:
    cluster.kubectl("delete", "mutatingwebhookconfiguration", "podtailor")
    replicas[0].reconcile(NOW)
    assert "podtailor" not in cluster.kubectl("get", "mutatingwebhookconfigurations")


def test_new_ca_joins_the_bundle_and_trust_is_kept(
    cluster: ControlPlane, api: ApiClient, endpoint: Endpoint, tmp_path: Path
) -> None:
    target = _target(endpoint)
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


# Selects no Pod: none is refused during the tests.
LOCKS_OUT = json.dumps([
    {"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Fail"},
    {"op": "replace", "path": "/webhooks/0/namespaceSelector", "value": {}},
    {"op": "replace", "path": "/webhooks/0/objectSelector", "value": {"matchLabels": {"no": "namespace"}}},
])  # fmt: skip


def test_bundle_is_withheld_from_a_configuration_that_could_lock_out_the_cluster(
    cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator]
) -> None:
    cluster.kubectl(
        "patch", "mutatingwebhookconfiguration", "podtailor", "--type=json", f"--patch={LOCKS_OUT}"
    )
    with pytest.raises(RotationError, match="failurePolicy is Fail and podtailor-system is selected"):
        replicas[0].reconcile(NOW)
    assert _bundle(cluster) == b""
    assert not replicas[0].is_trusted()


def test_configuration_that_trusts_us_already_stays_up_to_date(
    cluster: ControlPlane, replicas: tuple[CertRotator, CertRotator]
) -> None:
    """Otherwise the cluster would be locked out when the CA expires."""
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
