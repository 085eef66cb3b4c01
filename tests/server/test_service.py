"""A whole replica: ports, changing certificates, draining, log lines, metrics."""

from __future__ import annotations

import base64
import json
import signal
import ssl
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from certs.files import CA_CERT, TLS_CERT, TLS_KEY, issue_to
from certs.issue import issue_authority, issue_client
from tests.support.pods import owned, pod
from tests.support.processes import eventually
from tests.support.server import HOSTS, Server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


class TestHealth:
    def test_live_ready_and_metrics(self, server: Server) -> None:
        assert server.health("/livez") == (200, "ok\n")
        assert server.health("/readyz") == (200, "ok\n")
        assert server.health("/mutate")[0] == 404
        status, text = server.health("/metrics")
        assert status == 200
        for name in (
            "podtailor_admission_requests_total",
            "podtailor_admission_review_duration_seconds_bucket",
            "podtailor_build_info",
            "podtailor_certificate_expiry_timestamp_seconds",
            "podtailor_config_last_reload_success_timestamp_seconds",
            'podtailor_policies{state="enforce"} 4.0',
            "podtailor_policy_conflicts_total",
        ):
            assert f"\n{name}" in text

    def test_counts_mutations_and_skips(self, server: Server) -> None:
        field = 'podtailor_mutations_total{field="requests",mode="enforce",policy="general"}'
        skip = 'podtailor_skips_total{reason="mirror-pod"}'
        odd = 'podtailor_skips_total{reason="unknown-workload-type"}'
        before = server.metric(field), server.metric(skip), server.metric(odd)
        server.review(pod())
        server.review(pod(metadata="annotations: {kubernetes.io/config.mirror: x}"))
        server.review(
            pod("os: {name: linux}", metadata="labels: {podtailor.dev/workload-type: gpuu.stateful}")
        )
        after = server.metric(field), server.metric(skip), server.metric(odd)
        assert after == (before[0] + 2, before[1] + 1, before[2] + 1)


def test_one_log_line_per_review(server: Server) -> None:
    obj = pod(metadata=owned("ReplicaSet"), container="env: [{name: PASSWORD, value: s3cret}]")
    obj["metadata"] |= {"name": None, "generateName": "web-"}
    server.review(obj, uid="the-uid", dryRun=True)
    line = server.process.wait_for_line(lambda line: line if "the-uid" in line else None)
    review = json.loads(line)["review"]
    assert review.pop("ms") < 1000
    assert review == {
        "uid": "the-uid",
        "result": "patched",
        "namespace": "default",
        "pod": "web-",
        "owner": "ReplicaSet",
        "types": ["General"],
        "policies": ["general"],
        "mode": "enforce",
        "ops": 3,
        "dry_run": True,
    }
    assert "s3cret" not in line


def test_last_review_is_logged_before_the_end(folder: Path) -> None:
    server = Server(folder)
    server.review(pod(), uid="the-last")
    assert server.stop() == 0
    assert any("the-last" in line for line in server.process.lines)


def test_version_of_kubernetes_is_given_where_no_api_server_says_it(folder: Path) -> None:
    """Before 1.34 the API server drops the sizes of the Pod as a whole: its containers need their own."""
    server = Server(folder, "--kubernetes-version=1.33", "--policies=examples/policies")
    patch = base64.b64decode(server.review(pod("resources: {requests: {cpu: 500m}}"))["patch"])
    assert server.stop() == 0
    assert "/spec/containers/0/resources" in {each["path"] for each in json.loads(patch)}


def test_connections_are_kept_alive(server: Server) -> None:
    with closing(server.connection()) as connection:
        connection.connect()
        kept = connection.sock
        for _ in range(3):
            connection.request("POST", "/mutate", b"{}", {"Content-Type": "application/json"})
            connection.getresponse().read()
            assert connection.sock is kept


class TestCertificates:
    def test_new_certificates_are_used_without_closing_connections(self, folder: Path) -> None:
        server = Server(folder)
        with closing(server.connection()) as old:
            old.request("POST", "/mutate", b"{}", {"Content-Type": "application/json"})
            old.getresponse().read()
            kept = old.sock
            server.issue(timedelta(hours=9))
            eventually("the new certificate is served", lambda: _trusts(server))
            old.request("POST", "/mutate", b"{}", {"Content-Type": "application/json"})
            assert old.getresponse().status == 400
            assert old.sock is kept
        expiry = server.metric("podtailor_certificate_expiry_timestamp_seconds")
        assert expiry > (datetime.now(UTC) + timedelta(hours=8)).timestamp()
        assert server.stop() == 0

    def test_mounted_secret_is_reloaded_when_its_link_changes(self, folder: Path) -> None:
        """The kubelet swaps a link beside the files; the files themselves are links through it."""
        mount = folder / "mount"
        _issued(mount / "..1")
        (mount / "..data").symlink_to("..1")
        for name in (CA_CERT, TLS_CERT, TLS_KEY):
            (mount / name).symlink_to(Path("..data") / name)
        server = Server(mount)
        _issued(mount / "..2")
        (mount / "..new").symlink_to("..2")
        (mount / "..new").rename(mount / "..data")
        eventually("the new certificate is served", lambda: _trusts(server))
        assert server.stop() == 0

    @pytest.mark.parametrize("name", [TLS_CERT, TLS_KEY])
    def test_previous_certificates_stay_if_the_new_cannot_be_used(self, folder: Path, name: str) -> None:
        server = Server(folder)
        (folder / name).write_text("nonsense")
        assert server.wait_for_log("certificates not reloaded, the old ones stay")["level"] == "error"
        assert server.review(pod())["allowed"]
        assert server.stop() == 0

    def test_clients_need_a_certificate_with_a_client_ca(self, folder: Path) -> None:
        first, second = _client(folder / "first.pem"), _client(folder / "second.pem")
        trusted = folder / "clients.crt"
        trusted.write_bytes(first)
        server = Server(folder, "--client-ca-file", str(trusted))
        assert _is_accepted(server, folder / "first.pem")
        assert not _is_accepted(server, folder / "second.pem")
        assert not _is_accepted(server, None)
        trusted.write_bytes(second)
        eventually("clients of the new CA are accepted", lambda: _is_accepted(server, folder / "second.pem"))
        assert not _is_accepted(server, folder / "first.pem")
        assert server.stop() == 0


def _client(file: Path) -> bytes:
    """Write a client's certificate and key, and return the CA that issued it."""
    now, day = datetime.now(UTC), timedelta(days=1)
    authority = issue_authority(now, day, "clients")
    client = issue_client(authority, "kube-apiserver", now, day)
    file.write_bytes(client.key_pem + client.certificate_pem)
    return authority.certificate_pem


def _is_accepted(server: Server, client: Path | None) -> bool:
    try:
        return server.post(b"{}", client=client)[0] == 400
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
        return False


def _issued(folder: Path) -> None:
    issue_to(folder, HOSTS, datetime.now(UTC), timedelta(hours=1))


def _trusts(server: Server) -> bool:
    with closing(server.connection()) as connection:
        try:
            connection.connect()
        except (ssl.SSLCertVerificationError, OSError):
            return False
        return True


class TestStop:
    def test_draining_fails_readiness_and_answers_requests(self, folder: Path) -> None:
        server = Server(folder, shutdown_delay=60)
        with closing(server.connection()) as connection:
            connection.connect()
            server.process.signal(signal.SIGTERM)
            server.wait_for_log("draining")
            assert server.health("/readyz") == (503, "draining\n")
            assert server.health("/livez") == (200, "ok\n")
            connection.request("POST", "/mutate", b"{}", {"Content-Type": "application/json"})
            response = connection.getresponse()
            assert (response.status, response.getheader("Connection")) == (400, "close")
            response.read()
        assert server.review(pod())["allowed"], "new connections are accepted too"
        server.process.signal(signal.SIGINT)  # does not wait for the end of the delay
        assert server.process.wait() == 0

    def test_interrupt_stops_at_once(self, folder: Path) -> None:
        server = Server(folder, shutdown_delay=60)
        server.process.signal(signal.SIGINT)
        assert server.process.wait() == 0

    def test_idle_connections_do_not_delay_the_end(self, folder: Path) -> None:
        server = Server(folder, shutdown_delay=0.2)
        with closing(server.connection()) as used, closing(server.connection()) as silent:
            used.request("POST", "/mutate", b"{}", {"Content-Type": "application/json"})
            used.getresponse().read()
            silent.connect()
            assert server.stop() == 0
        assert [line for line in server.process.lines if json.loads(line)["level"] == "error"] == []


class TestStart:
    """An error is one line, and the exit code is 2."""

    def run(self, *flags: str) -> tuple[int, str]:
        command = [sys.executable, "-m", "webhook", "serve", "--health-port", "0", *flags]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stderr

    def test_without_certificates(self) -> None:
        code, error = self.run("--port", "0")
        assert code == 2
        assert error.startswith("error: serve needs --tls-cert-file and --tls-private-key-file")

    def test_with_a_missing_file(self, folder: Path) -> None:
        code, error = self.run(
            "--port", "0", "--tls-cert-file", f"{folder}/no", "--tls-private-key-file", f"{folder}/no"
        )
        assert (code, error) == (
            2,
            f"error: {folder}/no: no such file; `podtailor certs issue` creates one [invalid-certificate]\n",
        )

    def test_with_the_key_of_another_certificate(self, folder: Path, server: Server) -> None:
        now, day = datetime.now(UTC), timedelta(days=1)
        (folder / "other.key").write_bytes(issue_authority(now, day).key_pem)
        certificate = str(server.folder / TLS_CERT)
        code, error = self.run(
            "--port", "0", "--tls-cert-file", certificate, "--tls-private-key-file", str(folder / "other.key")
        )  # fmt: skip
        assert code == 2
        assert "not a certificate with its private key" in error

    def test_on_a_port_in_use(self, server: Server) -> None:
        files = [
            "--tls-cert-file",
            str(server.folder / TLS_CERT),
            "--tls-private-key-file",
            str(server.folder / TLS_KEY),
        ]
        code, error = self.run("--host", "127.0.0.1", "--port", str(server.port), *files)
        assert code == 2
        assert f"cannot listen on 127.0.0.1:{server.port}: the port is in use [port-taken]" in error

    @pytest.mark.parametrize(
        ("variable", "service", "flag"),
        [
            ("PODTAILOR_PORT", "podtailor", "port"),
            ("PODTAILOR_HEALTH_PORT", "podtailor-health", "health-port"),
        ],
    )
    def test_with_the_variable_of_a_service(
        self, monkeypatch: pytest.MonkeyPatch, variable: str, service: str, flag: str
    ) -> None:
        """Kubernetes sets it for a Service with this name."""
        monkeypatch.setenv(variable, "tcp://10.0.0.7:443")
        command = [sys.executable, "-m", "webhook", "serve", "--dev"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 2
        assert done.stderr == (
            f"error: {variable} is tcp://10.0.0.7:443: Kubernetes sets it for the Service {service} [port-from-service]\n"
            f"hint: set enableServiceLinks: false in the Pod's spec, or give --{flag}\n"
        )

    def test_with_policies_that_cannot_be_reloaded(self) -> None:
        code, error = self.run("--port", "0", "--policies", "-", "--dev")
        assert (code, error) == (
            2,
            "error: --policies -: give files, because serve reloads policies when they change [wrong-usage]\n",
        )

    def test_with_a_bad_policy(self, folder: Path) -> None:
        bad = folder / "bad.yaml"
        bad.write_text(
            "apiVersion: podtailor.dev/v1alpha1\nkind: ClusterWorkloadPolicy\nmetadata: {name: p}\nspec: {mod: Audit}\n"
        )
        code, error = self.run("--port", "0", "--policies", str(bad), "--dev")
        assert (code, error) == (
            2,
            f'error: {bad}:4:8: spec.mod: unknown field; did you mean "mode"? [invalid-policy]\n',
        )
