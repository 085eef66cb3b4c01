"""Certificates that a replica looks after itself: what `serve --tls-secret` puts together."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from certs.issue import service_hosts
from certs.keyring import Lifetimes
from webhook.certificates.rotator import CertRotator, RotationTarget
from webhook.cluster.client import api_client
from webhook.errors import ClusterError, InputError, RotationError
from webhook.model.names import CONFIGURATION, OWN_NAMESPACE, SERVICE


def make_rotator(
    secret: str,
    address: str,
    kubeconfig: str | None,
    context: str | None,
    folder: Path,
    lifetimes: Lifetimes,
) -> CertRotator:
    """Its certificates are in `folder` already. Raises InputError."""
    hosts = service_hosts(SERVICE, OWN_NAMESPACE)
    try:
        target = RotationTarget(OWN_NAMESPACE, secret, CONFIGURATION, hosts, address)
    except ValueError as error:
        raise InputError(f"--service-address: {error}") from error
    try:
        api = api_client(kubeconfig, context)
        rotator = CertRotator(api, target, folder, lifetimes)
        rotator.sync_secret(datetime.now(UTC))
    except (ClusterError, RotationError) as error:
        raise InputError(f"--tls-secret {secret}: {error}") from error
    return rotator
