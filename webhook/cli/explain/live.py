"""`podtailor explain pod/NAME`: why a live Pod is as it is, and the audit's finding."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus

import typer
from msgspec import structs
from rich.text import Text

from webhook.audit.cluster.evidence import with_evidence
from webhook.audit.cluster.workloads import Cluster, Selection
from webhook.audit.diagnosis import ClusterContext, diagnose
from webhook.audit.enforcement import Enforcement
from webhook.audit.summary import Auditor
from webhook.cli.cluster.cluster_view import ClusterView, LivePod
from webhook.cli.common.manifests import find_manifests
from webhook.cli.common.output import Format, Output, print_data
from webhook.cli.common.terminal import console, warn
from webhook.cli.explain.render import as_json, as_text, explain_or_warn
from webhook.cluster.client import Api
from webhook.errors import ClusterError
from webhook.workloads.builtin_plugins import NO_PLUGINS
from webhook.workloads.workload import Workload


def explain_live(api: Api, view: ClusterView, live: LivePod, namespace: str, output: Output) -> None:
    """Explain the Pod as it was created, and why a new one would differ.

    Raises ClusterError.
    """
    workload, enforcement = _workload(api, view, live, namespace)
    located = next(find_manifests(live.document))
    located = structs.replace(located, manifest=structs.replace(located.manifest, admitted=workload.admitted))
    explanation = explain_or_warn(located, namespace, NO_PLUGINS, view.snapshot)
    verdict = Auditor(view.snapshot, enforcement).judge(workload)
    if explanation and verdict.problem:
        warn(f"{workload.ref} could not be judged: {verdict.problem}")
    if explanation is None or verdict.problem:
        raise typer.Exit(1)
    context = ClusterContext(
        namespace=view.snapshot.namespace(namespace),
        installed=view.installed,
        enforcement=enforcement,
        served=live.served,
        now=datetime.now(UTC),
    )
    reasons = diagnose(workload, explanation, verdict, context)
    if output is not Format.TABLE:
        audited = {"finding": verdict.finding, "items": verdict.items, "whyNot": reasons}
        print_data([{**as_json(located, namespace, explanation), **audited}], output)
        return
    out = console()
    title = f"  {verdict.finding}, created at {workload.created}"
    out.print(Text.assemble((str(workload.ref), "bold"), title))
    for reason in reasons:
        out.print(Text(f"  {reason}", style="yellow"))
    _, *rest = as_text(located, namespace, explanation, sets="A new Pod would get")
    for line in rest:
        if not any(reason.startswith(line.plain.strip()) for reason in reasons):  # printed above
            out.print(line)


def _workload(api: Api, view: ClusterView, live: LivePod, namespace: str) -> tuple[Workload, Enforcement]:
    """As the audit sees it: with its template, and with evidence for whether it slipped through."""
    cluster = Cluster(api, view.snapshot, Selection(namespace=namespace), lambda *_: None)
    try:
        workload = cluster.live(live.document.text.encode())
    except ClusterError as error:
        if error.status != HTTPStatus.FORBIDDEN:
            raise
        warn(f"not compared with its template: {error}")
        return live.workload, view.enforcement
    return workload or live.workload, with_evidence(view.enforcement, view.snapshot, cluster.first_applied)
