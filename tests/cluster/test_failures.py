"""What a command says if a cluster refuses or does not answer, and which command it names next."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
from kubernetes.client import ApiClient, ApiException, Configuration
from urllib3 import Retry

from certs.issue import issue_authority, issue_serving
from webhook.cluster.client import _RETRY_429
from webhook.cluster.failures import failure
from webhook.cluster.reads import as_cluster_error
from webhook.cluster.request import request
from webhook.errors import ClusterError

ASK = "ask an administrator to run: kubectl create "


def _forbidden(user: str, words: str) -> ClusterError:
    message = f'pods is forbidden: User "{user}" cannot {words}'
    return failure("pods", ApiException(403, message))


@pytest.mark.parametrize(
    ("user", "words", "hint"),
    [
        pytest.param(
            "amy", 'list resource "pods" in API group "" at the cluster scope',
            f"{ASK}clusterrolebinding podtailor-reader-amy --clusterrole=podtailor-reader --user=amy",
            id="to list in all namespaces",
        ),
        pytest.param(
            "amy@example.com", 'list resource "jobs" in API group "batch" in the namespace "shop"',
            f"{ASK}rolebinding podtailor-reader-amy-example.com --namespace=shop --clusterrole=podtailor-reader --user=amy@example.com",
            id="to list in one namespace",
        ),
        pytest.param(
            "system:serviceaccount:ci:checks", 'get resource "namespaces" in API group "" in the namespace "shop"',
            f"{ASK}rolebinding podtailor-reader-checks --namespace=shop --clusterrole=podtailor-reader --serviceaccount=ci:checks",
            id="to a ServiceAccount",
        ),
        pytest.param(
            "amy; rm -r", 'get resource "pods" in API group "" at the cluster scope',
            f"{ASK}clusterrolebinding podtailor-reader-amy-rm--r --clusterrole=podtailor-reader --user='amy; rm -r'",
            id="to a user whose name is shell",
        ),
        pytest.param(
            "amy", 'patch resource "deployments" in API group "apps" in the namespace "shop"',
            f"{ASK}rolebinding edit-amy --namespace=shop --clusterrole=edit --user=amy",
            id="to restart",
        ),
        pytest.param(
            "amy", 'list resource "controllerrevisions" in API group "apps" in the namespace "shop"',
            f"{ASK}rolebinding podtailor-template-resizer-amy --namespace=shop --clusterrole=podtailor-template-resizer --user=amy",
            id="to keep a template in step",
        ),
        pytest.param(
            "amy", 'get resource "secrets" in API group "" in the namespace "podtailor-system"',
            f"{ASK}rolebinding edit-amy --namespace=podtailor-system --clusterrole=edit --user=amy",
            id="to read a Secret",
        ),
        pytest.param(
            "amy", 'patch resource "mutatingwebhookconfigurations" in API group "admissionregistration.k8s.io" at the cluster scope',
            "only a cluster administrator may do this: ask one",
            id="what no role that ships allows",
        ),
        pytest.param("amy", "pass", "`kubectl auth can-i --list` lists what you may do", id="in other words"),
    ],
)  # fmt: skip
def test_command_that_grants(user: str, words: str, hint: str) -> None:
    error = _forbidden(user, words)
    assert (error.name, error.status, error.hint) == ("forbidden", 403, hint)


@pytest.mark.parametrize(
    ("status", "name"),
    [(401, "unauthorized"), (404, "not-found"), (429, "busy"), (503, "busy"), (409, "api-error"), (500, "api-error")],
)  # fmt: skip
def test_refusal_has_a_name(status: int, name: str) -> None:
    error = failure("pods", ApiException(status, "the reason"))
    assert (error.name, str(error)) == (name, f"pods: {status} the reason")


def _close(connection: socket.socket) -> None:
    connection.close()


def _stay_silent(connection: socket.socket) -> None:
    while connection.recv(65536):  # until the client gives up
        pass


@pytest.mark.parametrize(
    ("behave", "words"),
    [
        pytest.param(_close, "does not answer: ", id="a server that hangs up"),
        pytest.param(_stay_silent, "does not answer: timed out", id="a server that is silent"),
    ],
)
def test_api_server_does_not_answer(behave: Callable[[socket.socket], None], words: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def serve() -> None:
            with listening.accept()[0] as connection:
                behave(connection)

        thread = threading.Thread(target=serve)
        thread.start()
        error = _asked(f"http://127.0.0.1:{port}")
        thread.join()
    assert error.name == "unreachable"
    assert words in str(error)


def test_nothing_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    error = _asked(f"http://127.0.0.1:{port}")
    assert str(error) == f"the API server at 127.0.0.1:{port} does not answer: Connection refused"
    assert error.hint.startswith("`kubectl cluster-info` asks the same API server")


@pytest.mark.parametrize("retries", [False, _RETRY_429], ids=["without retries", "with retries"])
def test_certificate_is_not_trusted(tmp_path: Path, retries: Retry | Literal[False]) -> None:
    authority = issue_authority(datetime.now(UTC), timedelta(days=1))
    serving = issue_serving(authority, ["127.0.0.1"], datetime.now(UTC), timedelta(days=1))
    (tmp_path / "tls.crt").write_bytes(serving.certificate_pem)
    (tmp_path / "tls.key").write_bytes(serving.key_pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "tls.crt", tmp_path / "tls.key")

    def serve() -> None:
        with pytest.raises(OSError, match=r"unknown ca|EOF|reset"):
            context.wrap_socket(listening.accept()[0], server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        error = _asked(f"https://127.0.0.1:{listening.getsockname()[1]}", retries)
        thread.join()
    assert error.name == "unreachable"
    assert str(error).endswith("does not answer: unable to get local issuer certificate")


def _asked(host: str, retries: Retry | Literal[False] = False) -> ClusterError:
    configuration = Configuration()
    configuration.host, configuration.retries, configuration.proxy = host, retries, None
    with ApiClient(configuration) as api, pytest.raises(ClusterError) as error, as_cluster_error("pods"):
        request(api, "GET", "/api", seconds=0.5)
    return error.value
