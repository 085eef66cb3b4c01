"""`podtailor serve`: the webhook."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from msgspec import structs

from certs.keyring import Lifetimes
from webhook.cli.common import options
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.cli.serve import flags
from webhook.cli.serve.certificates import CertificateOptions, provide_certificate
from webhook.engine.index import PolicyIndex
from webhook.engine.snapshot import Snapshot
from webhook.errors import InputError, UsageError
from webhook.model.names import OWN_NAMESPACE, SERVICE, Mode
from webhook.policies.shipped import Profile

if TYPE_CHECKING:
    from webhook.server.service import Feedback, Source


def serve(
    policies: flags.Policies = None,
    builtin: options.BuiltIn = Profile.SAFE,
    preset: options.Presets = None,
    mode: options.ServerMode = Mode.ENFORCE,
    accelerator: options.AcceleratorPatterns = None,
    kubernetes_version: options.KubernetesVersion = None,
    host: flags.Host = "",
    port: flags.Port = "9443",  # type: ignore[assignment]  # parsed as what the user writes
    health_port: flags.HealthPort = "8080",  # type: ignore[assignment]  # same
    tls_cert_file: flags.TlsCertFile = None,
    tls_private_key_file: flags.TlsPrivateKeyFile = None,
    tls_secret: flags.TlsSecret = None,
    service_address: flags.ServiceAddress = f"{SERVICE}.{OWN_NAMESPACE}.svc:443",
    tls_validity: flags.TlsValidity = "90d",  # type: ignore[assignment]  # same
    ca_validity: flags.CaValidity = "365d",  # type: ignore[assignment]  # same
    renew_at: flags.RenewAt = 0.67,
    ca_overlap: flags.CaOverlap = "10m",  # type: ignore[assignment]  # same
    clock_skew: flags.ClockSkew = "5m",  # type: ignore[assignment]  # same
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    client_ca_file: flags.ClientCaFile = None,
    log_level: flags.LogLevel = "info",
    shutdown_delay: flags.ShutdownDelay = 10.0,
    *,
    no_annotate: options.NoAnnotate = False,
    from_cluster: options.FromCluster = False,
    dev: flags.Dev = False,
) -> None:
    """Answer the API server: POST /mutate over TLS.

    Certificates are reloaded when their files change. After SIGTERM, readiness fails at once, and requests
    are answered until the shutdown delay is over.

    \b
    Examples:
      podtailor serve --dev
      podtailor serve --tls-cert-file tls.crt --tls-private-key-file tls.key
      podtailor serve --tls-secret podtailor-webhook-tls --from-cluster
    """
    policy_options = PolicyOptions(
        policies=policies,
        builtin=builtin,
        preset=preset,
        mode=mode,
        accelerator=accelerator,
        kubernetes_version=kubernetes_version,
        annotate=not no_annotate,
    )
    certificate_options = CertificateOptions(
        tls_cert_file=tls_cert_file,
        tls_private_key_file=tls_private_key_file,
        tls_secret=tls_secret,
        service_address=service_address,
        lifetimes=Lifetimes(
            authority=ca_validity,
            serving=tls_validity,
            renew_at=renew_at,
            overlap=ca_overlap,
            skew=clock_skew,
        ),
        kubeconfig=kubeconfig,
        context=context,
        dev=dev,
    )
    _check(log_level, policies)
    certificate_options.check()
    host = host or ("127.0.0.1" if dev else "")
    # Other commands do not need the server, which takes long to import.
    from webhook.server import log, service, settings, tls

    with tempfile.TemporaryDirectory(prefix="podtailor-") as folder:
        log.configure(log_level)
        snapshot, source, feedback = _first_snapshot(
            policy_options, kubeconfig, context, from_cluster=from_cluster
        )
        serving = provide_certificate(certificate_options, Path(folder), host)
        try:
            service.run(
                settings.Settings(
                    host=host,
                    port=port,
                    health_port=health_port,
                    tls_cert_file=serving.certificate,
                    tls_private_key_file=serving.key,
                    client_ca_file=client_ca_file,
                    shutdown_delay=0 if dev else shutdown_delay,
                ),
                snapshot,
                source,
                serving.started,
                serving.is_trusted,
                feedback=feedback,
            )
        except (tls.CertificateError, OSError) as error:
            raise InputError(str(error), name="invalid-certificate") from error
    _exit()


def _check(log_level: str, policies: list[str] | None) -> None:
    """Raises InputError."""
    if log_level.lower() not in ("debug", "info", "warning", "error"):
        raise UsageError(f"--log-level {log_level}: must be debug, info, warning or error")
    if "-" in (policies or ()):
        raise UsageError("--policies -: give files, because serve reloads policies when they change")


def _first_snapshot(
    policy_options: PolicyOptions, kubeconfig: str | None, context: str | None, *, from_cluster: bool
) -> tuple[Snapshot, Source | None, Feedback | None]:
    """The snapshot to start with, the source of later ones, and who tells the cluster. Raises InputError."""
    if from_cluster:
        from webhook.cli.common.connect import cluster_source

        snapshot = snapshot_from(structs.replace(policy_options, policies=None))
        source, feedback = cluster_source(snapshot, policy_options, kubeconfig, context)
        # No policy is in force until all of them have been listed.
        return structs.replace(snapshot, policies=PolicyIndex()), source, feedback
    snapshot = snapshot_from(policy_options)
    if not policy_options.policies:
        return snapshot, None, None
    from webhook.cli.common.connect import file_source

    return snapshot, file_source(snapshot, policy_options), None


def _exit() -> NoReturn:
    """End the process with its threads, which may wait for the API server.

    A regular exit of Python crashes now and then while such threads run.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
