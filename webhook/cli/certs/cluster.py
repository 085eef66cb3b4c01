"""Certificates of an installation: what `certs show`, `check` and `rotate` do in a cluster."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec import Struct

from certs.files import CA_CERT, TLS_CERT
from certs.inspect import CertificateInfo, parse_certificates
from certs.issue import service_hosts
from certs.keyring import Keyring, Lifetimes, rotated, with_new_ca, without_old_cas
from webhook.audit.cluster.installation import Installation, installation
from webhook.certificates.check import Checked
from webhook.certificates.check import check as checked
from webhook.certificates.probe import ProbeResult, port_forward, probe_tls, running_replicas
from webhook.certificates.secret import SharedSecret
from webhook.cli.cluster.server_args import parse_server_args
from webhook.cli.common.output import Format, pluralize, print_json
from webhook.cli.common.terminal import console
from webhook.cluster import reads
from webhook.cluster.client import Api, api_client
from webhook.errors import InputError, RotationError
from webhook.model.names import CONFIGURATION, OWN_NAMESPACE, SERVICE

_CONFIGURATION = f"MutatingWebhookConfiguration {CONFIGURATION}"
_SELECTOR = "app.kubernetes.io/name=podtailor"


class _Held(Struct, frozen=True):
    installed: Installation
    name: str
    secret: dict[str, bytes]


def held(kubeconfig: str | None, context: str | None) -> list[tuple[str, CertificateInfo]]:
    """Where each certificate stands, and what it says. Raises InputError."""
    api = api_client(kubeconfig, context, retry_429=True)
    found = _look(api)
    places = {f"Secret {found.name}: {name}": found.secret.get(name, b"") for name in (CA_CERT, TLS_CERT)}
    places["caBundle"] = found.installed.bundle
    said = [(place, facts) for place, pem in places.items() for facts in _facts(place, pem)]
    if not said:
        raise InputError(f"neither the caBundle nor Secret {found.name} holds a certificate")
    return said


def check(kubeconfig: str | None, context: str | None, within: timedelta, output: Format) -> int:
    """The exit code. Raises InputError."""
    api = api_client(kubeconfig, context, retry_429=True)
    found = _look(api)
    if found.installed.webhook is None:
        return _said(
            [Checked(_CONFIGURATION, "there is none, so nothing calls podtailor: apply the manifests")],
            output,
        )
    answers = _answers(api, found.installed.bundle)
    is_ours = bool(parse_server_args(found.installed.arguments).tls_secret)
    pems = (found.secret.get(TLS_CERT, b""), found.secret.get(CA_CERT, b"") if is_ours else b"")
    secret = (f"Secret {found.name}", *pems) if found.secret or is_ours else None
    results = [*checked(found.installed.bundle, secret, answers, datetime.now(UTC), within)]
    if found.installed.lockout:
        results.append(Checked(_CONFIGURATION, found.installed.lockout))
    if not answers:
        results.append(Checked("Pods", f"no Pod of {OWN_NAMESPACE} runs, so nobody answers"))
    return _said(results, output)


def rotate(kubeconfig: str | None, context: str | None, *, ca: bool, retire: bool) -> str:
    """What was done, in words. Raises InputError."""
    api = api_client(kubeconfig, context, retry_429=True)
    found = _look(api)
    settings = parse_server_args(found.installed.arguments)
    if not found.installed.arguments:
        raise InputError(f"podtailor is not installed: there is no Deployment {OWN_NAMESPACE}/podtailor")
    if not settings.tls_secret:
        raise InputError(
            "these certificates are not podtailor's to renew: serve runs without --tls-secret "
            "(with cert-manager: cmctl renew -n podtailor-system podtailor-webhook)"
        )
    secret = SharedSecret(api, OWN_NAMESPACE, settings.tls_secret)
    now = datetime.now(UTC)
    if retire:
        _check_all_serve(api, found)

    try:
        now_held = secret.agreed(lambda stored: _due(stored, now, settings.lifetimes, ca=ca, retire=retire))
    except (RotationError, ValueError) as error:
        raise InputError(f"{secret}: {error}" if isinstance(error, ValueError) else str(error)) from error
    others = len(now_held.authorities) - 1
    if ca:
        after = settings.lifetimes.overlap
        return f"{secret}: a new CA, beside {pluralize(others, 'CA')}; it signs after {after} in the caBundle"
    if retire:
        return f"{secret}: one CA is left; the caBundle follows within half a minute"
    until = f"{now_held.serving.certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    return f"{secret}: new certificate until {until}; replicas serve it within half a minute"


def _due(stored: Keyring | None, now: datetime, lifetimes: Lifetimes, *, ca: bool, retire: bool) -> Keyring:
    """Raises ValueError saying why it cannot be."""
    if stored is None:
        raise ValueError("there is none, or it holds nothing that podtailor issued")
    if retire and len(stored.authorities) == 1:
        raise ValueError("there is one CA, and none to retire")
    if not ca and not retire:
        return rotated(stored, now, lifetimes)
    due = with_new_ca(stored, now, lifetimes) if ca else without_old_cas(stored)
    if due is stored:
        raise ValueError("the new CA has not signed yet; `podtailor certs show` says who did")
    return due


def _check_all_serve(api: Api, found: _Held) -> None:
    """Raises InputError where a replica still serves what is going to be trusted no more."""
    held = _facts(found.name, found.secret.get(TLS_CERT, b""))[:1]
    for replica in _answers(api, found.installed.bundle):
        if replica.problem or parse_certificates(replica.certificate)[:1] != held:
            why = replica.problem or "it serves another certificate than the Secret holds"
            raise InputError(f"Pod {replica.replica}: {why}; nothing is changed, try again in a minute")


def _look(api: Api) -> _Held:
    """Raises ClusterError."""
    installed = installation(api)
    name = parse_server_args(installed.arguments).tls_secret or installed.mounted_secret
    held = reads.secret(api, OWN_NAMESPACE, name) if name else None
    return _Held(installed, f"{OWN_NAMESPACE}/{name}", held or {})


def _answers(api: Api, bundle: bytes) -> list[ProbeResult]:
    host = service_hosts(SERVICE, OWN_NAMESPACE)[0]
    with reads.as_cluster_error("pods"):
        running = running_replicas(api, OWN_NAMESPACE, _SELECTOR)
    return [
        probe_tls(pod, port_forward(api, OWN_NAMESPACE, pod, port), bundle, host) for pod, port in running
    ]


def _facts(place: str, pem: bytes) -> list[CertificateInfo]:
    try:
        return parse_certificates(pem) if pem else []
    except ValueError as error:
        raise InputError(f"{place}: no certificate in PEM form: {error}") from error


def _said(results: list[Checked], output: Format) -> int:
    """The exit code."""
    failed = 1 if any(each.problem for each in results) else 0
    if output is Format.JSON:
        print_json([{"what": each.what, "problem": each.problem, "until": each.until} for each in results])
        return failed
    out = console()
    for each in results:
        until = f" until {each.until:%Y-%m-%d %H:%M} UTC" if each.until else ""
        if each.problem:
            out.print(f"[red]wrong[/]  {each.what}: ", end="")
            out.print(each.problem, markup=False)
        else:
            out.print(f"[green]ok[/]     {each.what}{until}")
    return failed
