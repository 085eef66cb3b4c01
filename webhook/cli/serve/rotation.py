"""`serve --tls-secret`: certificates that podtailor issues and renews itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from certs.issue import service_hosts
from certs.keyring import Lifetimes
from webhook.certificates.rotator import CertRotator, RotationTarget
from webhook.cluster.client import api_client
from webhook.errors import ClusterError, InputError, RotationError
from webhook.model.names import CONFIGURATION, OWN_NAMESPACE, SERVICE

_MAX_PORT = 65535


def make_rotator(
    secret: str,
    address: str,
    kubeconfig: str | None,
    context: str | None,
    folder: Path,
    lifetimes: Lifetimes,
) -> CertRotator:
    """A rotator that has written its certificates into `folder`. Raises InputError."""
    target = RotationTarget(
        namespace=OWN_NAMESPACE,
        secret=secret,
        configuration=CONFIGURATION,
        hosts=service_hosts(SERVICE, OWN_NAMESPACE),
        address=_parse_address(address),
    )
    try:
        rotator = CertRotator(api_client(kubeconfig, context), target, folder, lifetimes)
        rotator.sync_secret(datetime.now(UTC))
    except (ClusterError, RotationError) as error:
        raise InputError(f"--tls-secret {secret}: {error}") from error
    return rotator


def _parse_address(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) <= _MAX_PORT:
        raise InputError(f"--service-address: {address!r} is not HOST:PORT")
    return host.strip("[]"), int(port)
