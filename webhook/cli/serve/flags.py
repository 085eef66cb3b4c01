"""The flags that only `serve` has."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from webhook.cli.common.options import duration_setting, port_setting, setting

Policies = Annotated[
    list[str] | None,
    setting(
        "--policies",
        "-p",
        metavar="PATH",
        help="Policy file or directory, read again on change (repeatable).",
    ),
]
Host = Annotated[str, setting("--host", help="Address to listen on. Default: all, or loopback with --dev.")]
Port = Annotated[int, port_setting("--port", help="Port for POST /mutate over TLS; 0 picks a free one.")]
HealthPort = Annotated[
    int,
    port_setting(
        "--health-port", help="Port for /livez, /readyz and /metrics over plain HTTP; 0 picks a free one."
    ),
]
TlsCertFile = Annotated[
    Path | None, setting("--tls-cert-file", metavar="PATH", help="Serving certificate, PEM.")
]
TlsPrivateKeyFile = Annotated[
    Path | None, setting("--tls-private-key-file", metavar="PATH", help="Its private key, PEM.")
]
ClientCaFile = Annotated[
    Path | None,
    setting(
        "--client-ca-file",
        metavar="PATH",
        help="Accept only clients with a certificate signed by this CA, PEM.",
    ),
]
TlsSecret = Annotated[
    str | None,
    setting(
        "--tls-secret",
        metavar="NAME",
        help="Instead of files: issue certificates into this Secret in podtailor-system, renew them, and "
        "keep the caBundle of the webhook configuration up to date.",
    ),
]
ServiceAddress = Annotated[
    str,
    setting(
        "--service-address",
        metavar="HOST:PORT",
        help="Address of the Service, which must answer before the caBundle is written.",
    ),
]
TlsValidity = Annotated[
    timedelta, duration_setting("--tls-validity", help="Validity of certificates issued into --tls-secret.")
]
CaValidity = Annotated[timedelta, duration_setting("--ca-validity", help="Validity of their CA.")]
RenewAt = Annotated[
    float,
    setting(
        "--renew-at",
        min=0.1,
        max=0.9,
        metavar="FRACTION",
        help="Fraction of their lifetime after which they are renewed.",
    ),
]
CaOverlap = Annotated[
    timedelta, duration_setting("--ca-overlap", help="How long a new CA is in the caBundle before it signs.")
]
ClockSkew = Annotated[
    timedelta,
    duration_setting(
        "--clock-skew", help="How far clocks may differ: certificates are valid that much earlier."
    ),
]
LogLevel = Annotated[
    str,
    setting("--log-level", metavar="debug|info|warning|error", help="Lowest level of the JSON log lines."),
]
ShutdownDelay = Annotated[
    float,
    setting(
        "--shutdown-delay",
        min=0,
        metavar="SECONDS",
        help="Time from SIGTERM until it stops; reviews in progress get 5 s more.",
    ),
]
Dev = Annotated[
    bool,
    typer.Option("--dev", help="Use throwaway certificates, review an example Pod, and print the result."),
]
