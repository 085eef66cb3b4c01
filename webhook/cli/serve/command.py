"""`podtailor serve`: the webhook."""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from msgspec import structs

from certs.keyring import Lifetimes
from webhook.cli.common import options
from webhook.cli.common.options import duration_setting, setting
from webhook.cli.common.policy_options import PolicyOptions, snapshot_from
from webhook.engine.index import PolicyIndex
from webhook.errors import InputError
from webhook.model.names import OWN_NAMESPACE, SERVICE, Mode
from webhook.policies.shipped import Profile


def serve(
    policies: options.Policies = None,
    builtin: options.BuiltIn = Profile.SAFE,
    preset: options.Presets = None,
    mode: options.ServerMode = Mode.ENFORCE,
    accelerator: options.AcceleratorPatterns = None,
    host: Annotated[
        str, setting("--host", help="Address to listen on; where not given all, with --dev loopback.")
    ] = "",
    port: Annotated[
        int, options.port_setting("--port", help="TLS: POST /mutate; 0 takes a free one.")
    ] = "9443",  # type: ignore[assignment]  # parsed as what the user writes
    health_port: Annotated[
        int, options.port_setting("--health-port", help="Plain: /livez, /readyz, /metrics.")
    ] = "8080",  # type: ignore[assignment]  # same
    tls_cert_file: Annotated[
        Path | None, setting("--tls-cert-file", help="Serving certificate, PEM.")
    ] = None,
    tls_private_key_file: Annotated[
        Path | None, setting("--tls-private-key-file", help="Its key, PEM.")
    ] = None,
    tls_secret: Annotated[
        str | None,
        setting(
            "--tls-secret",
            metavar="NAME",
            help="Instead of files: issue certificates into this Secret of podtailor-system, renew them, and "
            "keep the webhook configuration's caBundle up to date.",
        ),
    ] = None,
    service_address: Annotated[
        str,
        setting("--service-address", metavar="HOST:PORT", help="Must answer before the caBundle is written."),
    ] = f"{SERVICE}.{OWN_NAMESPACE}.svc:443",
    tls_validity: Annotated[
        timedelta, duration_setting("--tls-validity", help="Of certificates issued into --tls-secret.")
    ] = "90d",  # type: ignore[assignment]  # parsed as what the user writes
    ca_validity: Annotated[timedelta, duration_setting("--ca-validity", help="Of their CA.")] = "365d",  # type: ignore[assignment]  # same
    renew_at: Annotated[
        float,
        setting("--renew-at", min=0.1, max=0.9, metavar="PART", help="When in their life they are renewed."),
    ] = 0.67,
    ca_overlap: Annotated[
        timedelta,
        duration_setting("--ca-overlap", help="How long a new CA is in the caBundle before it signs."),
    ] = "10m",  # type: ignore[assignment]  # same
    clock_skew: Annotated[
        timedelta,
        duration_setting(
            "--clock-skew", help="How far clocks may lie apart: valid that much before being issued."
        ),
    ] = "5m",  # type: ignore[assignment]  # same
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    client_ca_file: Annotated[
        Path | None, setting("--client-ca-file", help="Only clients with a certificate of this CA.")
    ] = None,
    log_level: Annotated[
        str, setting("--log-level", metavar="debug|info|warning|error", help="What is logged, as JSON lines.")
    ] = "info",
    shutdown_delay: Annotated[
        float,
        setting("--shutdown-delay", min=0, metavar="SECONDS", help="From SIGTERM to the last answer."),
    ] = 10.0,
    *,
    no_annotate: options.NoAnnotate = False,
    from_cluster: options.FromCluster = False,
    dev: Annotated[
        bool,
        typer.Option(
            "--dev", help="Throwaway certificates; sends itself an example and prints what happens to it."
        ),
    ] = False,
) -> None:
    """Answer the API server: POST /mutate over TLS.

    Certificates are read again when their files change. SIGTERM drains: readiness fails at once, requests are
    answered until the shutdown delay is over.

    \b
    Examples:
      podtailor serve --dev
      podtailor serve --tls-cert-file tls.crt --tls-private-key-file tls.key --policies policies/
      podtailor serve --tls-secret podtailor-webhook-tls --from-cluster   (as the manifests do)
    """
    _check(log_level, policies, tls_secret, is_given_files=dev or tls_cert_file or tls_private_key_file)
    lifetimes = Lifetimes(
        authority=ca_validity,
        serving=tls_validity,
        renew_at=renew_at,
        overlap=ca_overlap,
        skew=clock_skew,
    )
    if not lifetimes.are_possible():
        raise InputError(
            "--tls-validity, --ca-validity: too short for --renew-at and --ca-overlap: "
            "what is used would expire before its successor is known everywhere"
        )
    chosen = PolicyOptions(
        policies=policies,
        builtin=builtin,
        preset=preset,
        mode=mode,
        accelerator=accelerator,
        annotate=not no_annotate,
    )
    snapshot = snapshot_from(structs.replace(chosen, policies=None) if from_cluster else chosen)
    # Only this command needs the server, and not every server the client of a cluster: 10 MiB.
    from webhook.server import log, service, settings, tls

    with tempfile.TemporaryDirectory(prefix="podtailor-") as throwaway:
        started = None
        if dev:
            from webhook.cli.serve import dev as development

            host = host or "127.0.0.1"  # nobody else has business with it
            example = development.prepare(Path(throwaway), host)
            tls_cert_file, tls_private_key_file = example.certificate, example.key
            started = example.show
        log.configure(log_level)
        source = is_trusted = None
        if from_cluster:
            from webhook.cli.common import connect

            source = connect.cluster_source(snapshot, chosen, kubeconfig, context)
            # Until all that there is has been listed.
            snapshot = structs.replace(snapshot, policies=PolicyIndex())
        elif policies:
            from webhook.cli.common import connect

            source = connect.file_source(snapshot, chosen)
        if tls_secret:
            from webhook.certificates import loop
            from webhook.cli.serve import rotation

            rotator = rotation.make_rotator(
                tls_secret,
                service_address,
                kubeconfig,
                context,
                Path(throwaway),
                lifetimes,
            )
            tls_cert_file, tls_private_key_file = rotator.certificate, rotator.key
            loop.RotationLoop(rotator, lifetimes.sync_interval).start()
            is_trusted = rotator.is_trusted
        if not tls_cert_file or not tls_private_key_file:
            raise InputError(
                "serving needs --tls-cert-file and --tls-private-key-file, which `podtailor certs issue` "
                "makes, or --tls-secret in a cluster; --dev does without"
            )
        try:
            service.run(
                settings.Settings(
                    host=host,
                    port=port,
                    health_port=health_port,
                    tls_cert_file=tls_cert_file,
                    tls_private_key_file=tls_private_key_file,
                    client_ca_file=client_ca_file,
                    shutdown_delay=0 if dev else shutdown_delay,
                ),
                snapshot,
                source,
                started,
                is_trusted,
            )
        except (tls.CertificateError, OSError) as error:
            raise InputError(str(error)) from error
    # Threads that wait for the API server end with the process. Python cannot be taken down around them
    # without a crash now and then.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _check(
    log_level: str, policies: list[str] | None, tls_secret: str | None, *, is_given_files: object
) -> None:
    """Raises InputError for what one flag alone does not show."""
    if log_level.lower() not in ("debug", "info", "warning", "error"):
        raise InputError(f"--log-level {log_level}: one of debug, info, warning, error")
    if "-" in (policies or ()):
        raise InputError("--policies -: policies are read again when they change, so give files")
    if tls_secret and is_given_files:
        raise InputError("--tls-secret makes certificates itself: leave --dev and the files out")
