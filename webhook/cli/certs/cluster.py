"""What `certs show`, `check` and `rotate` do with the certificates of a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from msgspec import Struct
from rich.text import Text

from certs.files import CA_CERT, TLS_CERT
from certs.inspect import CertificateInfo, parse_certificates
from certs.issue import service_hosts
from certs.keyring import Keyring, Lifetimes, rotated, with_new_ca, without_old_cas
from webhook.audit.cluster.installation import Installation, installation
from webhook.certificates.check import CertificateProblem, CheckResult
from webhook.certificates.check import check as check_certificates
from webhook.certificates.probe import ProbeResult, port_forward, probe_tls, running_replicas
from webhook.certificates.secret import SharedSecret
from webhook.cli.cluster.server_args import ServerArgs, parse_server_args
from webhook.cli.common.output import Format, TableOutput, pluralize, print_data, utc_minute
from webhook.cli.common.tables import Column, print_table
from webhook.cli.common.terminal import console, warn
from webhook.cluster import reads
from webhook.cluster.client import Api, api_client
from webhook.cluster.part import WHOLE_CLUSTER, ClusterPart
from webhook.errors import InputError, RotationError
from webhook.model.names import CONFIGURATION, OWN_NAMESPACE, SERVICE

_CONFIGURATION = f"MutatingWebhookConfiguration {CONFIGURATION}"
_INSTALL = "`kubectl apply -k manifests/overlays/audit` installs it without changing Pods"
_SELECTOR = "app.kubernetes.io/name=podtailor"


class _Installed(Struct, frozen=True):
    installation: Installation
    settings: ServerArgs
    secret_name: str
    """With its namespace."""
    secret: dict[str, bytes] | None
    """Its data; empty if there is none, None if the caller may not read it."""


def installed_certificates(kubeconfig: str | None, context: str | None) -> list[tuple[str, CertificateInfo]]:
    """Each certificate of the Secret and the caBundle, with where it is. Raises InputError."""
    part = ClusterPart(unreadable=[])
    installed = _read_installed(api_client(kubeconfig, context, retry_429=True), part)
    secret = installed.secret or {}
    pems = {f"Secret {installed.secret_name}: {name}": secret.get(name, b"") for name in (CA_CERT, TLS_CERT)}
    pems["caBundle"] = installed.installation.bundle
    certificates = [(place, each) for place, pem in pems.items() for each in _parse(place, pem)]
    _warn_unreadable(part)
    if not certificates:
        those = "that you may read " if part.unreadable else ""
        message = f"nothing {those}has a certificate: neither the caBundle nor the Secret"
        raise InputError(message, name="no-certificates", hint="`podtailor certs check` says what is missing")
    return certificates


def check(kubeconfig: str | None, context: str | None, within: timedelta, output: TableOutput) -> int:
    """Print what is right and wrong, and return the exit code: 1 also if something may not be read.

    Raises InputError.
    """
    api = api_client(kubeconfig, context, retry_429=True)
    part = ClusterPart(unreadable=[])
    installed = _read_installed(api, part)
    if not installed.installation.webhook_is_known:
        results = []  # everything is compared with the caBundle
    elif installed.installation.webhook is None:
        problem = f"it is missing, so the API server does not call podtailor: {_INSTALL}"
        results = [CheckResult(_CONFIGURATION, problem, CertificateProblem.NOT_INSTALLED)]
    else:
        results = [*_results(api, installed, part, within)]
    _warn_unreadable(part)
    code = _print_results(results, output)
    return 1 if part.unreadable else code


def _results(api: Api, installed: _Installed, part: ClusterPart, within: timedelta) -> Iterator[CheckResult]:
    """Raises ClusterError."""
    bundle = installed.installation.bundle
    probes: list[ProbeResult] | None = None
    with part.note_if_forbidden(f"Pods in {OWN_NAMESPACE}", "it is unknown what the replicas serve"):
        probes = _probe_replicas(api, bundle)
    is_ours = bool(installed.settings.tls_secret)
    secret = None
    if installed.secret is not None and (installed.secret or is_ours):
        ca = installed.secret.get(CA_CERT, b"") if is_ours else b""
        secret = (f"Secret {installed.secret_name}", installed.secret.get(TLS_CERT, b""), ca)
    yield from check_certificates(bundle, secret, probes or (), datetime.now(UTC), within)
    if installed.installation.lockout:
        yield CheckResult(_CONFIGURATION, installed.installation.lockout, CertificateProblem.LOCKOUT)
    if probes == []:
        yield CheckResult(
            "Pods", f"none runs in {OWN_NAMESPACE}, so no review is answered", CertificateProblem.NO_REPLICA
        )


def _warn_unreadable(part: ClusterPart) -> None:
    for note in part.unreadable or ():
        warn(note, name="incomplete-view")


def rotate(kubeconfig: str | None, context: str | None, *, ca: bool, retire: bool) -> str:
    """Change the Secret and say what changed. Raises InputError."""
    api = api_client(kubeconfig, context, retry_429=True)
    installed = _read_installed(api)
    settings = installed.settings
    if not installed.installation.arguments:
        raise InputError(
            f"podtailor is not installed: there is no Deployment {OWN_NAMESPACE}/podtailor",
            name="not-installed",
            hint=_INSTALL,
        )
    if not settings.tls_secret:
        raise InputError(
            "podtailor does not manage these certificates: serve runs without --tls-secret",
            name="unmanaged-certificates",
            hint=f"with cert-manager: cmctl renew --namespace {OWN_NAMESPACE} podtailor-webhook",
        )
    secret = SharedSecret(api, OWN_NAMESPACE, settings.tls_secret)
    now = datetime.now(UTC)
    if retire:
        _check_all_serve_secret(api, installed)
    try:
        keyring = secret.update(lambda stored: _change(stored, now, settings.lifetimes, ca=ca, retire=retire))
    except (RotationError, ValueError) as error:
        message = f"{secret}: {error}" if isinstance(error, ValueError) else str(error)
        hint = "`podtailor certs show` and `podtailor certs check` show what is there"
        raise InputError(message, name="not-rotated", hint=hint) from error
    if ca:
        others = pluralize(len(keyring.authorities) - 1, "CA")
        overlap = settings.lifetimes.overlap
        return f"{secret}: added a CA beside {others}; it signs after {overlap} in the caBundle"
    if retire:
        return f"{secret}: one CA is left; the caBundle follows within half a minute"
    until = utc_minute(keyring.serving.certificate.not_valid_after_utc)
    return f"{secret}: new certificate, valid until {until}; replicas serve it within half a minute"


def _change(
    stored: Keyring | None, now: datetime, lifetimes: Lifetimes, *, ca: bool, retire: bool
) -> Keyring:
    """Raises ValueError if the stored keyring does not allow it."""
    if stored is None:
        raise ValueError("it is missing, or podtailor did not issue what it holds")
    if retire and len(stored.authorities) == 1:
        raise ValueError("it has one CA, so there is none to retire")
    if not ca and not retire:
        return rotated(stored, now, lifetimes)
    changed = with_new_ca(stored, now, lifetimes) if ca else without_old_cas(stored)
    if changed is stored:
        raise ValueError("the new CA has not signed yet; `podtailor certs show` shows which CA did")
    return changed


def _check_all_serve_secret(api: Api, installed: _Installed) -> None:
    """Raises InputError if a replica serves a certificate that may not be trusted without the old CAs."""
    expected = _parse(installed.secret_name, (installed.secret or {}).get(TLS_CERT, b""))[:1]
    for probe in _probe_replicas(api, installed.installation.bundle):
        if probe.problem or parse_certificates(probe.certificate)[:1] != expected:
            reason = probe.problem or "it does not serve the Secret's certificate"
            raise InputError(
                f"Pod {probe.replica}: {reason}; nothing was changed",
                name="not-rotated",
                hint="try again in a minute; `podtailor certs check` says when all replicas serve it",
            )


def _read_installed(api: Api, part: ClusterPart = WHOLE_CLUSTER) -> _Installed:
    """Raises ClusterError."""
    installed = installation(api, part)
    settings = parse_server_args(installed.arguments)
    name = settings.tls_secret or installed.mounted_secret
    secret: dict[str, bytes] | None = None
    with part.note_if_forbidden(f"Secret {OWN_NAMESPACE}/{name}", "its certificates are unknown"):
        secret = (reads.secret(api, OWN_NAMESPACE, name) if name else None) or {}
    return _Installed(installed, settings, f"{OWN_NAMESPACE}/{name}", secret)


def _probe_replicas(api: Api, bundle: bytes) -> list[ProbeResult]:
    host = service_hosts(SERVICE, OWN_NAMESPACE)[0]
    with reads.as_cluster_error("pods"):
        replicas = running_replicas(api, OWN_NAMESPACE, _SELECTOR)
    return [
        probe_tls(pod, port_forward(api, OWN_NAMESPACE, pod, port), bundle, host) for pod, port in replicas
    ]


def _parse(place: str, pem: bytes) -> list[CertificateInfo]:
    try:
        return parse_certificates(pem) if pem else []
    except ValueError as error:
        raise InputError(f"{place}: not a PEM certificate: {error}", name="invalid-certificate") from error


def _print_results(results: list[CheckResult], output: TableOutput) -> int:
    """Returns the exit code."""
    exit_code = 1 if any(each.problem for each in results) else 0
    if output is Format.JSON or output is Format.YAML:
        data = [
            {"what": each.subject, "problem": each.problem, "name": each.name or "", "until": each.until}
            for each in results
        ]
        print_data(data, output)
        return exit_code
    print_table(_COLUMNS, results, wide=output is Format.WIDE)
    for each in results:
        if each.problem:
            console().print(Text(f"{each.subject}: {each.problem} [{each.name}]"))
    return exit_code


def _result(result: CheckResult) -> Text:
    return Text("wrong", "red") if result.problem else Text("ok", "green")


_COLUMNS: tuple[Column, ...] = (
    Column(title="RESULT", cell=_result),
    Column(title="WHAT", cell=lambda result: result.subject, enough=30),
    Column(title="EXPIRES", cell=lambda result: utc_minute(result.until) if result.until else ""),
)
