"""`podtailor certs`: issue and show; in a cluster rotate and check."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from certs.files import existing_file, issue_to
from certs.inspect import CertificateInfo, read_certificates
from certs.issue import service_hosts
from webhook.cli.common import options
from webhook.cli.common.output import Format, print_json
from webhook.cli.common.terminal import console
from webhook.errors import InputError
from webhook.model.names import OWN_NAMESPACE, SERVICE

Output = Annotated[Format, typer.Option("--output", "-o", help="Text for people, or JSON.")]

app = typer.Typer(help="Issue, show, rotate and check certificates.", no_args_is_help=True)


@app.command()
def issue(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIRECTORY", help="Where ca.crt, ca.key, tls.crt and tls.key go.")
    ],
    service: Annotated[str, typer.Option("--service", help="Service that the API server calls.")] = SERVICE,
    namespace: Annotated[
        str, typer.Option("--namespace", "-n", help="Namespace of the Service.")
    ] = OWN_NAMESPACE,
    host: Annotated[
        list[str] | None, typer.Option("--host", help="One more DNS name or IP address (repeatable).")
    ] = None,
    client: Annotated[
        str | None,
        typer.Option(
            "--client", metavar="NAME", help="Also client.crt, by which a caller of this name is known."
        ),
    ] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="How long they are valid.")] = 365,
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Issue a CA and a serving certificate signed by it; keys are readable by you alone."""
    hosts = [*service_hosts(service, namespace), *(host or ())]
    there = existing_file(out)
    if there and not force:
        raise InputError(f"{there} exists: use another directory, or --force to replace it")
    try:
        issue_to(out, hosts, datetime.now(UTC), timedelta(days=days), client)
    except OSError as error:
        raise InputError(f"{error.filename or out}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"these names cannot stand in a certificate: {error}") from error
    print(f"{out}: CA and certificate for {', '.join(hosts)}, valid for {days} days")


@app.command()
def show(
    files: Annotated[
        list[Path] | None, typer.Argument(metavar="[FILE...]", help="PEM files; else the cluster is asked.")
    ] = None,
    output: Output = Format.TEXT,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
) -> None:
    """Say what certificates there are and when they expire: those of the cluster, or of files."""
    now = datetime.now(UTC)
    if files:
        held = [(str(file), facts) for file in files for facts in _read(file)]
    else:
        from webhook.cli.certs import cluster

        held = cluster.held(kubeconfig, context)
    if output is Format.JSON:
        print_json([_as_json(file, facts, now) for file, facts in held])
        return
    out = console()
    for file, facts in held:
        left = facts.not_after - now
        state = facts.state(now)
        days = f", {left.days} days left" if state == "valid" else ""
        out.print(
            f"{file}: {'CA' if facts.is_ca else 'certificate'} {facts.subject}", style="bold", markup=False
        )
        out.print(
            f"  {state}{days}: {facts.not_before:%Y-%m-%d %H:%M} to {facts.not_after:%Y-%m-%d %H:%M} UTC"
        )
        out.print(f"  signed by {facts.issuer}", markup=False)
        if facts.hosts:
            out.print(f"  for {', '.join(facts.hosts)}", markup=False)
        out.print(f"  sha256 {facts.sha256}")


def _read(file: Path) -> list[CertificateInfo]:
    try:
        return read_certificates(file)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{file}: no certificate in PEM form: {error}") from error


def _as_json(file: str, facts: CertificateInfo, now: datetime) -> dict[str, object]:
    return {
        "file": file,
        "subject": facts.subject,
        "issuer": facts.issuer,
        "isCA": facts.is_ca,
        "hosts": facts.hosts,
        "notBefore": facts.not_before,
        "notAfter": facts.not_after,
        "state": facts.state(now),
        "sha256": facts.sha256,
    }


@app.command()
def check(
    within: Annotated[
        timedelta, options.duration_setting("--within", help="What expires within it is a problem already.")
    ] = "7d",  # type: ignore[assignment]  # parsed as what the user writes
    output: Output = Format.TEXT,
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
) -> None:
    """Compare the caBundle, the Secret, and what each replica serves; for people and for monitoring.

    Replicas are reached as `kubectl port-forward` reaches them. Exit codes: 0 all is well, 1 something is
    not, 2 the cluster cannot be asked. For half a minute after `rotate` replicas still serve what was before.
    """
    from webhook.cli.certs import cluster

    raise typer.Exit(cluster.check(kubeconfig, context, within, output))


@app.command()
def rotate(
    kubeconfig: options.Kubeconfig = None,
    context: options.Context = None,
    *,
    ca: Annotated[
        bool, typer.Option("--ca", help="A new CA, which signs once API servers have heard of it.")
    ] = False,
    retire: Annotated[
        bool, typer.Option("--retire", help="Stop trusting the CAs before the one that signs now.")
    ] = False,
) -> None:
    """Renew the serving certificate before its time, without missing a Pod.

    Replicas read it within half a minute. After a key has leaked: rotate --ca, wait until `certs show`
    says that the new CA signed (ten minutes), then rotate --retire.
    """
    from webhook.cli.certs import cluster

    if ca and retire:
        raise InputError("--ca and --retire are two steps: retire once the new CA has signed")
    print(cluster.rotate(kubeconfig, context, ca=ca, retire=retire))
