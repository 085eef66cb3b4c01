"""`podtailor certs`: issue certificates; show, check and rotate those of a cluster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from certs.files import existing_file, issue_to
from certs.inspect import CertificateInfo, read_certificates
from certs.issue import service_hosts
from webhook.cli.common import options
from webhook.cli.common.output import Format, TableOutput, print_data, utc_minute
from webhook.cli.common.tables import Column, print_table
from webhook.cli.shell.help import Verbs
from webhook.errors import InputError, UsageError
from webhook.model.names import OWN_NAMESPACE, SERVICE

app = Verbs(help="Issue, show, rotate and check certificates.")


@app.command()
def issue(
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIRECTORY", help="Directory for ca.crt, ca.key, tls.crt and tls.key."),
    ],
    service: Annotated[str, typer.Option("--service", help="Service that the API server calls.")] = SERVICE,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Namespace of the Service.")
    ] = OWN_NAMESPACE,
    host: Annotated[
        list[str] | None, typer.Option("--host", help="Additional DNS name or IP address (repeatable).")
    ] = None,
    client: Annotated[
        str | None,
        typer.Option(
            "--client", metavar="NAME", help="Also issue client.crt and client.key for a client of this name."
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="Days of validity.")] = 365,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
) -> None:
    """Issue a CA and a serving certificate.

    Only you can read the keys.

    \b
    Examples:
      podtailor certs issue --out certs/
      podtailor certs issue --out certs/ --host podtailor.example.com --days 90
    """
    hosts = [*service_hosts(service, namespace), *(host or ())]
    existing = existing_file(out)
    if existing and not force:
        hint = "use another directory, or --force to replace it"
        raise InputError(f"{existing} exists", name="file-exists", hint=hint)
    try:
        issue_to(out, hosts, datetime.now(UTC), timedelta(days=days), client)
    except OSError as error:
        raise InputError(f"{error.filename or out}: {error.strerror}", name="unwritable-file") from error
    except ValueError as error:
        raise UsageError(f"a certificate cannot have this name: {error}") from error
    print(f"{out}: CA and certificate for {', '.join(hosts)}, valid for {days} days")


@app.command()
def show(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE...]", help="PEM files. Default: those of the cluster."),
    ] = None,
    output: TableOutput = Format.TABLE,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
) -> None:
    """Show certificates, and when they expire.

    \b
    Examples:
      podtailor certs show
      podtailor certs show tls.crt ca.crt
    """
    now = datetime.now(UTC)
    if files:
        certificates = [(str(file), each) for file in files for each in _read(file)]
    else:
        from webhook.cli.certs import cluster

        certificates = cluster.installed_certificates(kubeconfig, context)
    if output is Format.JSON or output is Format.YAML:
        print_data([_as_json(place, each, now) for place, each in certificates], output)
    else:
        print_table(_columns(now), certificates, wide=output is Format.WIDE)


def _columns(now: datetime) -> tuple[Column, ...]:
    """Of certificates with their places."""

    def left(certificate: CertificateInfo) -> str:
        return f"{(certificate.not_after - now).days}d" if certificate.state(now) == "valid" else ""

    return (
        Column(title="IN", cell=lambda row: row[0], enough=35),
        Column(title="KIND", cell=lambda row: "CA" if row[1].is_ca else "certificate"),
        Column(title="SUBJECT", cell=lambda row: row[1].subject, enough=30, drops=1),
        Column(title="STATE", cell=lambda row: row[1].state(now)),
        Column(title="LEFT", cell=lambda row: left(row[1]), drops=2),
        Column(title="EXPIRES", cell=lambda row: utc_minute(row[1].not_after)),
        Column(title="ISSUED", cell=lambda row: utc_minute(row[1].not_before), is_wide=True),
        Column(title="ISSUER", cell=lambda row: row[1].issuer, is_wide=True),
        Column(title="HOSTS", cell=lambda row: ",".join(row[1].hosts), is_wide=True),
        Column(title="SHA256", cell=lambda row: row[1].sha256, is_wide=True),
    )


def _read(file: Path) -> list[CertificateInfo]:
    try:
        return read_certificates(file)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}", name="unreadable-file") from error
    except ValueError as error:
        raise InputError(f"{file}: not a PEM certificate: {error}", name="invalid-certificate") from error


def _as_json(place: str, certificate: CertificateInfo, now: datetime) -> dict[str, object]:
    return {
        "file": place,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "isCA": certificate.is_ca,
        "hosts": certificate.hosts,
        "notBefore": certificate.not_before,
        "notAfter": certificate.not_after,
        "state": certificate.state(now),
        "sha256": certificate.sha256,
    }


@app.command()
def check(
    within: Annotated[
        timedelta,
        options.duration_setting("--within", help="Report certificates that expire within this time."),
    ] = "7d",  # type: ignore[assignment]  # parsed as what the user writes
    output: TableOutput = Format.TABLE,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
) -> None:
    """Check the certificates of the cluster.

    Do the caBundle, the Secret and the certificate that each replica serves agree? Replicas are reached
    through forwarded ports, as with `kubectl port-forward`. For half a minute after `rotate`, they still
    serve the previous certificate.

    \b
    Examples:
      podtailor certs check --within 30d
    """
    from webhook.cli.certs import cluster

    raise typer.Exit(cluster.check(kubeconfig, context, within, output))


@app.command()
def rotate(
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    *,
    ca: Annotated[
        bool, typer.Option("--ca", help="Add a CA, which signs once every API server trusts it.")
    ] = False,
    retire: Annotated[
        bool, typer.Option("--retire", help="Remove all CAs but the one that signs now.")
    ] = False,
) -> None:
    """Renew the serving certificate early, without missing a Pod.

    Replicas serve it within half a minute. After a key has leaked: `rotate --ca`, wait until `certs show`
    shows that the new CA has signed (ten minutes), then `rotate --retire`.

    \b
    Examples:
      podtailor certs rotate
      podtailor certs rotate --ca
    """
    from webhook.cli.certs import cluster

    if ca and retire:
        raise UsageError("--ca and --retire are two steps: retire once the new CA has signed")
    print(cluster.rotate(kubeconfig, context, ca=ca, retire=retire))
