"""Read the certificate that a replica serves, through a forwarded port: from wherever kubectl works."""

from __future__ import annotations

import json
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from kubernetes.client import ApiClient, ApiException
from kubernetes.stream import portforward
from msgspec import Struct
from urllib3.exceptions import HTTPError

from webhook.cluster.request import request

TIMEOUT_SECONDS = 5
Connect = Callable[[], Any]
"""Opens a connection to a replica's TLS port, like a socket."""


class ProbeResult(Struct, frozen=True):
    replica: str
    certificate: bytes = b""
    """PEM; empty if it did not answer."""
    problem: str = ""
    """Why a client that trusts the caBundle rejects it; empty if nothing is wrong."""


def probe_tls(replica: str, connect: Connect, bundle: bytes, host: str) -> ProbeResult:
    """Shake hands as the API server does: trust only `bundle`, PEM, and verify `host`."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust_all = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust_all.check_hostname, trust_all.verify_mode = False, ssl.CERT_NONE
    try:
        if bundle:
            trust.load_verify_locations(cadata=bundle.decode())
        try:
            return ProbeResult(replica, _peer_certificate(connect, trust, host))
        except ssl.SSLCertVerificationError as error:
            return ProbeResult(replica, _peer_certificate(connect, trust_all, host), error.verify_message)
    except ssl.SSLError as error:
        return ProbeResult(replica, problem=f"TLS handshake failed: {error.reason or error}")
    except UnicodeDecodeError:
        return ProbeResult(replica, problem="the caBundle is not PEM")
    except ApiException as error:
        return ProbeResult(replica, problem=f"port forwarding failed: {error.status} {error.reason}")
    except (OSError, HTTPError) as error:
        return ProbeResult(replica, problem=f"no answer: {error}")


def running_replicas(api: ApiClient, namespace: str, selector: str) -> list[tuple[str, int]]:
    """Name and TLS port of every Pod that runs and is not terminating. Raises ApiException, HTTPError."""
    pods = json.loads(
        request(api, "GET", f"/api/v1/namespaces/{namespace}/pods", query={"labelSelector": selector})
    )["items"]
    return [
        (
            pod["metadata"]["name"],
            next(port["containerPort"] for port in _ports(pod) if port.get("name") == "webhook"),
        )
        for pod in pods
        if pod["status"].get("phase") == "Running" and "deletionTimestamp" not in pod["metadata"]
    ]


def _ports(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [port for container in pod["spec"]["containers"] for port in container.get("ports", ())]


def port_forward(api: ApiClient, namespace: str, pod: str, port: int) -> Connect:
    """Connect through the API server and the Pod's kubelet, as `kubectl port-forward` does."""
    # Imports every model of the API: memory that the server does not need.
    from kubernetes.client import CoreV1Api  # noqa: PLC0415 (as the line above says)

    call = CoreV1Api(api).connect_get_namespaced_pod_portforward

    def connect() -> Any:
        connection = portforward(call, pod, namespace, ports=str(port)).socket(port)
        connection.settimeout(TIMEOUT_SECONDS)
        return connection

    return connect


def _peer_certificate(connect: Connect, context: ssl.SSLContext, host: str) -> bytes:
    tls = context.wrap_socket(connect(), server_hostname=host, do_handshake_on_connect=False)
    try:
        tls.do_handshake()
        der = tls.getpeercert(binary_form=True)
    finally:
        _close(socket.socket(fileno=tls.detach()))
    return ssl.DER_cert_to_PEM_cert(der).encode() if der else b""


def _close(connection: socket.socket) -> None:
    """Read to the end: the client's forwarding thread logs an error if a connection ends earlier."""
    with connection, suppress(OSError):
        connection.settimeout(TIMEOUT_SECONDS)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(65536):
            pass
