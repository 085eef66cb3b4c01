"""Which certificate `serve` uses: one from files, a throwaway one, or one that podtailor rotates."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from msgspec import Struct

from certs.issue import service_hosts
from certs.keyring import Lifetimes
from webhook.errors import ClusterError, InputError, RotationError, UsageError
from webhook.model.names import CONFIGURATION, OWN_NAMESPACE, SERVICE

_MAX_PORT = 65535


class CertificateOptions(Struct, frozen=True, kw_only=True):
    """Named as the parameters of `serve`."""

    tls_cert_file: Path | None
    tls_private_key_file: Path | None
    tls_secret: str | None
    service_address: str
    lifetimes: Lifetimes
    kubeconfig: str | None
    context: str | None
    dev: bool

    def check(self) -> None:
        """Raises InputError for options that exclude each other."""
        if self.tls_secret and (self.dev or self.tls_cert_file or self.tls_private_key_file):
            raise UsageError("--tls-secret issues certificates: give neither --dev nor certificate files")
        if not self.lifetimes.are_possible():
            raise UsageError(
                "--tls-validity, --ca-validity: too short for --renew-at and --ca-overlap: "
                "certificates would expire before their successors are in use everywhere"
            )


class ServingCertificate(Struct, frozen=True, kw_only=True):
    certificate: Path
    key: Path
    is_trusted: Callable[[], bool] | None = None
    """Whether API servers trust it; None if podtailor does not rotate it."""
    started: Callable[[int, int], Awaitable[None]] | None = None
    """To be called with both ports once the server accepts connections."""


def provide_certificate(options: CertificateOptions, folder: Path, host: str) -> ServingCertificate:
    """`folder` is for certificates that are issued; `host` is where a throwaway one is served.

    Raises InputError.
    """
    if options.dev:
        return _throwaway(folder, host)
    if options.tls_secret:
        return _rotated(options, options.tls_secret, folder)
    if options.tls_cert_file and options.tls_private_key_file:
        return ServingCertificate(certificate=options.tls_cert_file, key=options.tls_private_key_file)
    raise UsageError(
        "serve needs --tls-cert-file and --tls-private-key-file, which `podtailor certs issue` creates, "
        "or --tls-secret in a cluster, or --dev"
    )


def _throwaway(folder: Path, host: str) -> ServingCertificate:
    from webhook.cli.serve import dev

    example = dev.prepare(folder, host)
    return ServingCertificate(certificate=example.certificate, key=example.key, started=example.show)


def _rotated(options: CertificateOptions, secret: str, folder: Path) -> ServingCertificate:
    # The client of a cluster takes 10 MiB: only for servers that need it.
    from webhook.certificates.loop import RotationLoop
    from webhook.certificates.rotator import CertRotator, RotationTarget
    from webhook.cluster.client import api_client

    target = RotationTarget(
        namespace=OWN_NAMESPACE,
        secret=secret,
        configuration=CONFIGURATION,
        hosts=service_hosts(SERVICE, OWN_NAMESPACE),
        address=_parse_address(options.service_address),
    )
    try:
        api = api_client(options.kubeconfig, options.context)
        rotator = CertRotator(api, target, folder, options.lifetimes)
        rotator.sync_secret(datetime.now(UTC))
    except (ClusterError, RotationError) as error:
        raise InputError(f"--tls-secret {secret}: {error}", name="not-rotated") from error
    RotationLoop(rotator, options.lifetimes.sync_interval).start()
    return ServingCertificate(certificate=rotator.certificate, key=rotator.key, is_trusted=rotator.is_trusted)


def _parse_address(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) <= _MAX_PORT:
        raise UsageError(f"--service-address: {address!r} is not HOST:PORT")
    return host.strip("[]"), int(port)
